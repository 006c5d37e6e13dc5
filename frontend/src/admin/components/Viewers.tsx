//! How many watch, and by which protocols.

import { Group, Text } from '@mantine/core';
import { protocolName } from '../lib/format';

interface Props {
  total: number;
  byProtocol: readonly { protocol: string; count: number }[];
}

export function Viewers({ total, byProtocol }: Props) {
  const present = byProtocol.filter(({ count }) => count > 0);
  return (
    <Group gap={6} wrap="nowrap">
      <Text size="sm" fw={600} className="tabular">
        {total.toLocaleString('en')}
      </Text>
      {present.length > 0 && (
        <Text size="xs" c="dimmed" className="tabular">
          {present.map(({ protocol, count }) => `${protocolName(protocol)} ${count}`).join(' · ')}
        </Text>
      )}
    </Group>
  );
}
