//! A broadcast at this second: its figures and the bitrate of the last minutes.

import { Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useSubscription } from 'urql';
import { graphql } from '../../../gql';
import type { LivePicture_LiveStreamFragment } from '../../../gql/graphql';
import { LiveChart } from '../../components/LiveChart';
import { Viewers } from '../../components/Viewers';
import { bitrate, protocolName, since } from '../../lib/format';
import { useNow } from '../../lib/hooks';

graphql(`
  fragment LivePicture_liveStream on LiveStream {
    since
    protocol
    speed
    bitrate
    viewers {
      total
      hls
      dash
      rtmp
      srt
      webrtc
    }
    video {
      codec
      width
      height
    }
    audio {
      codec
      sampleRateHz
      channels
    }
  }
`);

const BROADCAST_STATS = graphql(`
  subscription BroadcastStats($application: String!, $streamId: String!) {
    broadcastStats(application: $application, streamId: $streamId) {
      at
      live {
        ...LivePicture_liveStream
      }
    }
  }
`);

interface Props {
  application: string;
  streamId: string;
  live: LivePicture_LiveStreamFragment;
}

export function LivePicture({ application, streamId, live: stored }: Props) {
  const now = useNow();
  const [points, setPoints] = useState<[number[], number[]]>([[], []]);
  const [{ data }] = useSubscription({ query: BROADCAST_STATS, variables: { application, streamId } }, (_, next) => {
    const { at, live } = next.broadcastStats;
    setPoints(([times, rates]) => [
      [...times, Date.parse(at) / 1000].slice(-KEPT_POINTS),
      [...rates, Number(live?.bitrate ?? 0)].slice(-KEPT_POINTS),
    ]);
    return next;
  });
  // The feed is newer than the query, once it has spoken.
  const live = data?.broadcastStats.live ?? stored;
  const figures = [
    ['On air', since(live.since, now)],
    ['Source', protocolName(live.protocol)],
    ['Bitrate', bitrate(live.bitrate)],
    ['Speed', `${live.speed.toFixed(2)}×`],
    ['Video', live.video ? `${live.video.width}×${live.video.height}, ${live.video.codec}` : 'none'],
    ['Audio', live.audio ? `${live.audio.sampleRateHz / 1000} kHz, ${live.audio.codec}` : 'none'],
  ] as const;

  return (
    <Stack gap="md">
      <Group gap="xl" align="flex-start">
        <Figure label="Viewers">
          <Viewers viewers={live.viewers} />
        </Figure>
        {figures.map(([label, value]) => (
          <Figure key={label} label={label}>
            <Text size="sm" fw={600} className="tabular">
              {value}
            </Text>
          </Figure>
        ))}
      </Group>
      <LiveChart label="Bitrate of the last minutes" series={SERIES} data={points} format={bitrate} />
    </Stack>
  );
}

function Figure({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      {children}
    </div>
  );
}

const SERIES = [{ label: 'Received', color: '#14a08a' }];
/** One a second: five minutes. */
const KEPT_POINTS = 300;
