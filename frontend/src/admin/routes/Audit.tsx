//! Everything that was decided and done. Filters are in the address, so that a view can be handed on.

import { Button, Group, SegmentedControl, Select, SimpleGrid, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import type { AuditFilter, AuditKind, AuditOrder, Outcome, ReasonCode } from '../../gql/graphql';
import { Card, Page } from '../components/Page';
import { AuditTable } from '../features/audit/AuditTable';
import { secondsFromNow } from '../lib/format';
import { useFilter } from '../lib/hooks';
import { REASON_CODES, reasonText } from '../lib/reasons';

export function Audit() {
  const [parameters, setParameters] = useSearchParams();
  const [kind, setKind] = useFilter('kind');
  const [outcome, setOutcome] = useFilter('outcome');
  const [reason, setReason] = useFilter('reason');
  const [within, setWithin] = useFilter('within');
  const [order, setOrder] = useFilter('order');
  const value = (name: string) => parameters.get(name) || null;
  // Fixed while the filter stands, so that the pages of one list belong together.
  const since = useMemo(() => (within ? secondsFromNow(-Number(within)) : null), [within]);
  const filter: AuditFilter = {
    kind: (kind || null) as AuditKind | null,
    outcome: (outcome || null) as Outcome | null,
    reason: (reason || null) as ReasonCode | null,
    application: value('application'),
    streamId: value('stream'),
    subscriberId: value('subscriber'),
    address: value('address'),
    since,
  };
  const filtered = Object.values(filter).some((entry) => entry !== null);

  return (
    <Page title="Audit">
      <Card>
        <Text c="dimmed" size="sm" mb="sm">
          Every decision of the gate, every change and every login. Never a token, code or password.
        </Text>
        <Group mb="sm" gap="sm">
          <SegmentedControl
            aria-label="Kind of record"
            value={kind}
            onChange={setKind}
            data={[
              { value: '', label: 'All' },
              { value: 'DECISION', label: 'Decisions' },
              { value: 'ACTION', label: 'Changes' },
              { value: 'LOGIN', label: 'Logins' },
            ]}
          />
          <SegmentedControl
            aria-label="Answer"
            value={outcome}
            onChange={setOutcome}
            data={[
              { value: '', label: 'Either' },
              { value: 'ALLOWED', label: 'Allowed' },
              { value: 'DENIED', label: 'Denied' },
            ]}
          />
          <SegmentedControl
            aria-label="Order"
            value={order}
            onChange={setOrder}
            data={[
              { value: '', label: 'Newest first' },
              { value: 'OLDEST_FIRST', label: 'Oldest first' },
            ]}
          />
        </Group>
        <SimpleGrid cols={{ base: 2, md: 3, lg: 6 }} mb="md" spacing="xs">
          <Select
            aria-label="When"
            placeholder="At any time"
            clearable
            value={within || null}
            onChange={(next) => setWithin(next ?? '')}
            data={TIMES}
          />
          <Select
            aria-label="Reason"
            placeholder="For any reason"
            clearable
            searchable
            value={reason || null}
            onChange={(next) => setReason(next ?? '')}
            data={REASON_CODES.map((code) => ({ value: code, label: reasonText(code) }))}
            comboboxProps={{ width: 340, position: 'bottom-start' }}
          />
          <TypedFilter name="application" label="Application" />
          <TypedFilter name="stream" label="Stream id" />
          <TypedFilter name="subscriber" label="Subscriber id" />
          <TypedFilter name="address" label="IP address" />
        </SimpleGrid>
        {filtered && (
          <Group mb="sm">
            <Button size="xs" variant="default" onClick={() => setParameters(new URLSearchParams())}>
              Show everything
            </Button>
          </Group>
        )}
        <AuditTable filter={filter} orderBy={(order || 'NEWEST_FIRST') as AuditOrder} />
      </Card>
    </Page>
  );
}

/** A filter that is typed: it counts once the typing pauses. */
function TypedFilter({ name, label }: { name: string; label: string }) {
  const [value, setValue] = useFilter(name);
  const soon = useDebouncedCallback(setValue, 300);
  return (
    <TextInput
      // Emptied from outside, it shows so.
      key={value === '' ? 'empty' : 'filled'}
      aria-label={label}
      placeholder={label}
      spellCheck={false}
      defaultValue={value}
      onChange={(event) => soon(event.currentTarget.value.trim())}
    />
  );
}

const TIMES = [
  { value: '3600', label: 'In the last hour' },
  { value: '86400', label: 'In the last day' },
  { value: '604800', label: 'In the last week' },
  { value: '2592000', label: 'In the last 30 days' },
];
