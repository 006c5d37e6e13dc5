//! The server at this second, from the live feed.

import { Group, Paper, SimpleGrid, Text } from '@mantine/core';
import { useSubscription } from 'urql';
import { graphql } from '../../../gql';
import { bitrate } from '../../lib/format';

const SERVER_STATS = graphql(`
  subscription ServerStats {
    serverStats {
      liveStreams
      viewers {
        total
      }
      workers
      receivedBitrate
    }
  }
`);

export function ServerFigures() {
  const [{ data }] = useSubscription({ query: SERVER_STATS });
  const stats = data?.serverStats;
  const figures = [
    ['Live streams', stats?.liveStreams.toLocaleString('en')],
    ['Viewers', stats?.viewers.total.toLocaleString('en')],
    ['Received', stats && bitrate(stats.receivedBitrate)],
    ['Workers', stats?.workers.toLocaleString('en')],
  ] as const;
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing="md">
      {figures.map(([label, value]) => (
        <Paper key={label} withBorder p="md">
          <Text size="sm" c="dimmed">
            {label}
          </Text>
          <Group h={36} align="center">
            <Text fz={24} fw={640} className="tabular">
              {value ?? '–'}
            </Text>
          </Group>
        </Paper>
      ))}
    </SimpleGrid>
  );
}
