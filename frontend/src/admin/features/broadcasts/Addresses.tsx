//! Where to publish a broadcast and where to play it, to copy.

import { SimpleGrid, Stack, Text } from '@mantine/core';
import { graphql } from '../../../gql';
import type { Addresses_BroadcastFragment } from '../../../gql/graphql';
import { Copyable } from '../../components/Copyable';
import { protocolName } from '../../lib/format';

graphql(`
  fragment Addresses_broadcast on Broadcast {
    urls {
      publish {
        protocol
        url
      }
      play {
        protocol
        url
      }
      player
    }
  }
`);

export function Addresses({ broadcast }: { broadcast: Addresses_BroadcastFragment }) {
  const { publish, play, player } = broadcast.urls;
  const groups = [
    { title: 'Publish to', entries: publish.map(({ protocol, url }) => ({ label: protocolName(protocol), url })) },
    {
      title: 'Play from',
      entries: [{ label: 'Player', url: player }, ...play.map(({ protocol, url }) => ({ label: protocolName(protocol), url }))],
    },
  ];
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
      {groups.map(({ title, entries }) => (
        <Stack key={title} gap={6}>
          <Text size="sm" fw={600}>
            {title}
          </Text>
          {entries.map(({ label, url }) => (
            <Copyable key={label} label={label} value={url} labelled />
          ))}
        </Stack>
      ))}
    </SimpleGrid>
  );
}
