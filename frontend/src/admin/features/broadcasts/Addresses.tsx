//! Where to publish a broadcast and where to play it, to copy.

import { SimpleGrid, Stack, Text } from '@mantine/core';
import { graphql } from '../../../gql';
import type { Addresses_BroadcastFragment } from '../../../gql/graphql';
import { Copyable } from '../../components/Copyable';

graphql(`
  fragment Addresses_broadcast on Broadcast {
    urls {
      publishPage
      rtmpPublish
      whip
      whep
      rtmpPlay
      hls
      dash
      player
    }
  }
`);

export function Addresses({ broadcast }: { broadcast: Addresses_BroadcastFragment }) {
  const { publishPage, rtmpPublish, whip, whep, rtmpPlay, hls, dash, player } = broadcast.urls;
  const groups = [
    {
      title: 'Publish to',
      entries: [
        { label: 'Browser', url: publishPage },
        { label: 'RTMP', url: rtmpPublish },
        { label: 'WHIP', url: whip },
      ],
    },
    {
      title: 'Play from',
      entries: [
        { label: 'Player', url: player },
        { label: 'WHEP', url: whep },
        { label: 'HLS', url: hls },
        { label: 'DASH', url: dash },
        { label: 'RTMP', url: rtmpPlay },
      ],
    },
  ];
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
      {groups.map(({ title, entries }) => (
        <Stack key={title} gap={6}>
          <Text size="sm" fw={600}>
            {title}
          </Text>
          {/* What is switched off has no address. */}
          {entries.map(({ label, url }) => url && <Copyable key={label} label={label} value={url} labelled />)}
        </Stack>
      ))}
    </SimpleGrid>
  );
}
