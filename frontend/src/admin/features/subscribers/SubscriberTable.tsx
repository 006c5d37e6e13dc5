//! The subscribers of a broadcast: who they are, whether they are here, whether they are blocked.

import { Badge, Group, Indicator, Table, Text, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { graphql } from '../../../gql';
import type { SubscriberTable_SubscriberFragment } from '../../../gql/graphql';
import { bitrate, duration } from '../../lib/format';
import { useNow } from '../../lib/hooks';

graphql(`
  fragment SubscriberTable_subscriber on Subscriber {
    id
    subscriberId
    name
    type
    hasSecret
    totpPeriodSeconds
    connected
    averageVideoBitrate
    averageAudioBitrate
    publishBlock {
      until
    }
    playBlock {
      until
    }
  }
`);

interface Props {
  subscribers: readonly SubscriberTable_SubscriberFragment[];
  /** Buttons of one row. `blocked` is true while any of its blocks holds. */
  actions: (subscriber: SubscriberTable_SubscriberFragment, blocked: boolean) => ReactNode;
}

export function SubscriberTable({ subscribers, actions }: Props) {
  const now = useNow();
  return (
    <Table.ScrollContainer minWidth={760}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Subscriber</Table.Th>
            <Table.Th>May</Table.Th>
            <Table.Th>Codes</Table.Th>
            <Table.Th>Average</Table.Th>
            <Table.Th>Block</Table.Th>
            <Table.Th>
              <VisuallyHidden>Actions</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {subscribers.map((subscriber) => {
            const blocks = activeBlocks(subscriber, now);
            const average = Number(subscriber.averageVideoBitrate) + Number(subscriber.averageAudioBitrate);
            return (
              <Table.Tr key={subscriber.id}>
                <Table.Td>
                  <Group gap="sm" wrap="nowrap">
                    <Indicator
                      position="middle-center"
                      size={9}
                      color={subscriber.connected ? 'teal.6' : 'gray.5'}
                      w={10}
                      role="img"
                      aria-label={subscriber.connected ? 'Connected' : 'Not connected'}
                      title={subscriber.connected ? 'Connected' : 'Not connected'}
                    />
                    <div>
                      <Text size="sm" fw={600}>
                        {subscriber.subscriberId}
                      </Text>
                      {subscriber.name && (
                        <Text size="xs" c="dimmed">
                          {subscriber.name}
                        </Text>
                      )}
                    </div>
                  </Group>
                </Table.Td>
                <Table.Td>{MAY[subscriber.type ?? (subscriber.hasSecret ? 'PLAY' : 'PUBLISH')]}</Table.Td>
                <Table.Td className="tabular">
                  {subscriber.hasSecret ? `Own secret, ${subscriber.totpPeriodSeconds} s` : 'Derived'}
                </Table.Td>
                <Table.Td className="tabular">{bitrate(average)}</Table.Td>
                <Table.Td>
                  {blocks.length === 0
                    ? '–'
                    : blocks.map(({ label, leftMs }) => (
                        <Badge key={label} color="red" variant="light" tt="none" mr={4} className="tabular">
                          {label}, {duration(leftMs)} left
                        </Badge>
                      ))}
                </Table.Td>
                <Table.Td>
                  <Group gap="xs" justify="flex-end" wrap="nowrap">
                    {actions(subscriber, blocks.length > 0)}
                  </Group>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function activeBlocks({ publishBlock, playBlock }: SubscriberTable_SubscriberFragment, now: number) {
  return [
    { label: 'Publish', until: publishBlock?.until },
    { label: 'Play', until: playBlock?.until },
  ].flatMap(({ label, until }) => {
    const leftMs = until === undefined ? 0 : Date.parse(until) - now;
    return leftMs > 0 ? [{ label, leftMs }] : [];
  });
}

/** Without a type, a subscriber with a secret of its own may play; one with derived codes may do both. */
const MAY = { PUBLISH: 'Publish and play', PLAY: 'Play' };
