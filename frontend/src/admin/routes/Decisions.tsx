//! What the gate answers: live, and as the audit keeps it. Filters are in the address.

import { Group, SegmentedControl, Tabs, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import type { Outcome } from '../../gql/graphql';
import { Card, Page } from '../components/Page';
import { AuditTable } from '../features/decisions/AuditTable';
import { DecisionFeed } from '../features/decisions/DecisionFeed';
import { useFilter } from '../lib/hooks';

export function Decisions() {
  const [view, setView] = useFilter('view');
  const [application, setApplication] = useFilter('application');
  const [streamId, setStreamId] = useFilter('stream');
  const [outcome, setOutcome] = useFilter('outcome');
  const applicationSoon = useDebouncedCallback(setApplication, 300);
  const streamSoon = useDebouncedCallback(setStreamId, 300);
  const answer = (outcome || null) as Outcome | null;

  return (
    <Page title="Decisions">
      <Card>
        <Group mb="md">
          <SegmentedControl
            aria-label="Answer"
            value={outcome}
            onChange={setOutcome}
            data={[
              { value: '', label: 'All' },
              { value: 'ALLOWED', label: 'Allowed' },
              { value: 'DENIED', label: 'Denied' },
            ]}
          />
          <TextInput
            aria-label="Application"
            placeholder="Application"
            defaultValue={application}
            onChange={(event) => applicationSoon(event.currentTarget.value.trim())}
          />
          {view === 'audit' && (
            <TextInput
              aria-label="Stream id"
              placeholder="Stream id"
              defaultValue={streamId}
              onChange={(event) => streamSoon(event.currentTarget.value.trim())}
            />
          )}
        </Group>
        <Tabs value={view === 'audit' ? 'audit' : 'live'} onChange={(next) => setView(next === 'audit' ? 'audit' : '')} keepMounted={false}>
          <Tabs.List mb="sm">
            <Tabs.Tab value="live">Live</Tabs.Tab>
            <Tabs.Tab value="audit">Audit</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="live">
            <DecisionFeed application={application || null} outcome={answer} />
          </Tabs.Panel>
          <Tabs.Panel value="audit">
            <AuditTable filter={{ application: application || null, streamId: streamId || null, outcome: answer }} />
          </Tabs.Panel>
        </Tabs>
      </Card>
    </Page>
  );
}
