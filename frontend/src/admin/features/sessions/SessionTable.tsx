//! The open sessions of a broadcast: who is connected, how, and why they were let in.

import { Badge, Group, Table, Text, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { graphql } from '../../../gql';
import type { SessionTable_SessionFragment } from '../../../gql/graphql';
import { bitrate, bytes, protocolName, since } from '../../lib/format';
import { useNow } from '../../lib/hooks';

graphql(`
  fragment SessionTable_session on Session {
    id
    subscriberId
    operation
    protocol
    state
    address
    userAgent
    since
    admittedBy
    stats {
      bytes
      videoBitrate
      audioBitrate
    }
  }
`);

interface Props {
  sessions: readonly SessionTable_SessionFragment[];
  actions: (session: SessionTable_SessionFragment) => ReactNode;
}

export function SessionTable({ sessions, actions }: Props) {
  const now = useNow();
  return (
    <Table.ScrollContainer minWidth={860}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Who</Table.Th>
            <Table.Th>What</Table.Th>
            <Table.Th>From</Table.Th>
            <Table.Th>For</Table.Th>
            <Table.Th>Rate</Table.Th>
            <Table.Th className="nowrap">Admitted by</Table.Th>
            <Table.Th>
              <VisuallyHidden>Actions</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sessions.map((session) => (
            <Table.Tr key={session.id}>
              <Table.Td>
                <Text size="sm" fw={600}>
                  {session.subscriberId ?? 'Nobody named'}
                </Text>
              </Table.Td>
              <Table.Td className="nowrap">
                <Group gap={6} wrap="nowrap">
                  {session.operation === 'PLAY' ? 'Plays' : 'Publishes'} {protocolName(session.protocol)}
                  {session.state === 'SUSPENDED' && (
                    <Badge color="red" variant="light" tt="none" style={{ flexShrink: 0 }}>
                      Suspended
                    </Badge>
                  )}
                </Group>
              </Table.Td>
              <Table.Td>
                <Text size="sm" className="tabular">
                  {session.address}
                </Text>
                {session.userAgent && (
                  <Text size="xs" c="dimmed" maw={220} truncate title={session.userAgent}>
                    {session.userAgent}
                  </Text>
                )}
              </Table.Td>
              <Table.Td className="tabular nowrap">{since(session.since, now)}</Table.Td>
              <Table.Td className="tabular nowrap">
                {bitrate(Number(session.stats.videoBitrate) + Number(session.stats.audioBitrate))}
                <Text size="xs" c="dimmed">
                  {bytes(session.stats.bytes)}
                </Text>
              </Table.Td>
              <Table.Td className="nowrap">{session.admittedBy.length === 0 ? 'Open stream' : session.admittedBy.map(modeName).join(', ')}</Table.Td>
              <Table.Td>
                <Group gap="xs" justify="flex-end" wrap="nowrap">
                  {actions(session)}
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function modeName(mode: string): string {
  return MODES[mode] ?? mode.toLowerCase().replaceAll('_', ' ');
}

const MODES: Record<string, string> = {
  ONE_TIME_TOKEN: 'One-time token',
  JWT: 'JWT',
  HASH: 'Hash',
  TOTP: 'Code',
  WEBHOOK: 'Webhook',
};
