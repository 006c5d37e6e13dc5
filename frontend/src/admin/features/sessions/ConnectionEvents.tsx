//! Who came and went, the newest first.

import { Table, Text } from '@mantine/core';
import { graphql } from '../../../gql';
import type { ConnectionEvents_ConnectionEventFragment } from '../../../gql/graphql';
import { protocolName, timestamp } from '../../lib/format';

graphql(`
  fragment ConnectionEvents_connectionEvent on ConnectionEvent {
    id
    at
    kind
    subscriberId
    operation
    protocol
    address
  }
`);

export function ConnectionEvents({ events }: { events: readonly ConnectionEvents_ConnectionEventFragment[] }) {
  return (
    <Table.ScrollContainer minWidth={560}>
      <Table verticalSpacing={6}>
        <Table.Tbody>
          {events.map((event) => (
            <Table.Tr key={event.id}>
              <Table.Td className="tabular" w={210}>
                {timestamp(event.at)}
              </Table.Td>
              <Table.Td>
                <Text size="sm">
                  <strong>{event.subscriberId}</strong> {event.kind === 'CONNECTED' ? 'came' : 'left'}
                </Text>
              </Table.Td>
              <Table.Td>
                {event.operation === 'PLAY' ? 'Play' : 'Publish'}, {protocolName(event.protocol)}
              </Table.Td>
              <Table.Td className="tabular">{event.address}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
