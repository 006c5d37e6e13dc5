//! What the gate answers, as it answers. What it answered before is in the audit.

import { Anchor, Group, SegmentedControl, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { Link } from 'react-router';
import type { Outcome } from '../../gql/graphql';
import { Card, Page } from '../components/Page';
import { DecisionFeed } from '../features/decisions/DecisionFeed';
import { useFilter } from '../lib/hooks';

export function Decisions() {
  const [application, setApplication] = useFilter('application');
  const [outcome, setOutcome] = useFilter('outcome');
  const applicationSoon = useDebouncedCallback(setApplication, 300);

  return (
    <Page title="Decisions">
      <Card>
        <Group mb="md" justify="space-between">
          <Group>
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
          </Group>
          <Anchor component={Link} to="/audit?kind=DECISION" size="sm">
            Earlier decisions
          </Anchor>
        </Group>
        <DecisionFeed application={application || null} outcome={(outcome || null) as Outcome | null} />
      </Card>
    </Page>
  );
}
