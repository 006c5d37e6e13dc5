//! How many watch, and by which protocols.

import { Group, Text } from '@mantine/core';
import { protocolName } from '../lib/format';

interface Props {
  /** Counts by protocol, and their sum. */
  viewers: Record<(typeof PROTOCOLS)[number] | 'total', number>;
}

export function Viewers({ viewers }: Props) {
  const present = PROTOCOLS.filter((protocol) => viewers[protocol] > 0);
  return (
    <Group gap={6} wrap="nowrap">
      <Text size="sm" fw={600} className="tabular">
        {viewers.total.toLocaleString('en')}
      </Text>
      {present.length > 0 && (
        <Text size="xs" c="dimmed" className="tabular">
          {present.map((protocol) => `${protocolName(protocol.toUpperCase())} ${viewers[protocol]}`).join(' · ')}
        </Text>
      )}
    </Group>
  );
}

const PROTOCOLS = ['webrtc', 'hls', 'dash', 'rtmp', 'srt'] as const;
