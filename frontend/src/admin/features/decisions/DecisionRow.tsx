//! One answer of the gate as a table row; the live feed and the audit look the same.

import { Badge, Table, Text } from '@mantine/core';
import { protocolName } from '../../lib/format';
import { reasonText } from '../../lib/reasons';

interface Props {
  time: string;
  outcome: string;
  /** Code of a reason or an act; `null` for an ordinary yes. */
  code: string | null;
  operation?: string | null;
  protocol?: string | null;
  application?: string | null;
  streamId?: string | null;
  subscriberId?: string | null;
  address?: string | null;
  /** Microseconds, as a `Long`. */
  durationUs: string;
  /** Who managed, for acts of management. */
  actor?: string | null;
}

export function DecisionRow(props: Props) {
  const { time, outcome, code, operation, protocol, application, streamId, subscriberId, address, durationUs, actor } = props;
  const denied = outcome === 'DENIED';
  const asked = operation && `${operation === 'PLAY' ? 'Play' : 'Publish'}${protocol ? `, ${protocolName(protocol)}` : ''}`;
  return (
    <Table.Tr>
      <Table.Td className="tabular" style={{ whiteSpace: 'nowrap' }}>
        {time}
      </Table.Td>
      <Table.Td>
        <Badge color={denied ? 'red' : 'sluice'} variant="light" tt="none">
          {denied ? 'Denied' : 'Allowed'}
        </Badge>
      </Table.Td>
      <Table.Td>
        <Text size="sm">{code === null ? (asked ?? 'Let in') : reasonText(code)}</Text>
        {code !== null && asked && (
          <Text size="xs" c="dimmed">
            {asked}
          </Text>
        )}
      </Table.Td>
      <Table.Td>{[application, streamId].filter(Boolean).join(' / ') || '–'}</Table.Td>
      <Table.Td>{actor ?? subscriberId ?? '–'}</Table.Td>
      <Table.Td className="tabular">{address ?? '–'}</Table.Td>
      <Table.Td className="tabular" ta="right">
        {(Number(durationUs) / 1000).toFixed(1)} ms
      </Table.Td>
    </Table.Tr>
  );
}

export function DecisionHead() {
  return (
    <Table.Thead>
      <Table.Tr>
        <Table.Th>Time</Table.Th>
        <Table.Th>Answer</Table.Th>
        <Table.Th>Why</Table.Th>
        <Table.Th>Stream</Table.Th>
        <Table.Th>Who</Table.Th>
        <Table.Th>From</Table.Th>
        <Table.Th ta="right">Took</Table.Th>
      </Table.Tr>
    </Table.Thead>
  );
}
