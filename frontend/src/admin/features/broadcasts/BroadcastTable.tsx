//! Broadcasts as rows: what is live, since when, for how many.

import { Anchor, Table, Text } from '@mantine/core';
import { Link } from 'react-router';
import { graphql } from '../../../gql';
import type { BroadcastTable_BroadcastFragment } from '../../../gql/graphql';
import { LiveBadge } from '../../components/LiveBadge';
import { Viewers } from '../../components/Viewers';
import { bitrate, protocolName, since, timestamp } from '../../lib/format';
import { useNow } from '../../lib/hooks';

graphql(`
  fragment BroadcastTable_broadcast on Broadcast {
    id
    streamId
    name
    status
    createdAt
    application {
      name
    }
    live {
      since
      protocol
      bitrate
      viewers {
        total
        hls
        dash
        rtmp
        srt
        webrtc
      }
    }
  }
`);

interface Props {
  broadcasts: readonly BroadcastTable_BroadcastFragment[];
  showApplication?: boolean;
}

export function BroadcastTable({ broadcasts, showApplication = false }: Props) {
  const now = useNow();
  return (
    <Table.ScrollContainer minWidth={680}>
      <Table highlightOnHover verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Stream</Table.Th>
            {showApplication && <Table.Th>Application</Table.Th>}
            <Table.Th>Status</Table.Th>
            <Table.Th>Since</Table.Th>
            <Table.Th>Source</Table.Th>
            <Table.Th>Viewers</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {broadcasts.map((broadcast) => {
            const { live, application } = broadcast;
            const to = `/applications/${encodeURIComponent(application.name)}/broadcasts/${encodeURIComponent(broadcast.streamId)}`;
            return (
              <Table.Tr key={broadcast.id}>
                <Table.Td>
                  <Anchor component={Link} to={to} fw={600} size="sm">
                    {broadcast.streamId}
                  </Anchor>
                  {broadcast.name && (
                    <Text size="xs" c="dimmed">
                      {broadcast.name}
                    </Text>
                  )}
                </Table.Td>
                {showApplication && <Table.Td>{application.name}</Table.Td>}
                <Table.Td>
                  <LiveBadge status={broadcast.status} />
                </Table.Td>
                <Table.Td className="tabular">{live ? since(live.since, now) : timestamp(broadcast.createdAt)}</Table.Td>
                <Table.Td className="tabular">
                  {live ? `${protocolName(live.protocol)}, ${bitrate(live.bitrate)}` : '–'}
                </Table.Td>
                <Table.Td>{live ? <Viewers viewers={live.viewers} /> : '–'}</Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
