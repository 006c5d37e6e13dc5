//! Whether a broadcast is on air, by word and colour.

import { Badge } from '@mantine/core';

export function LiveBadge({ status }: { status: string }) {
  const live = status === 'BROADCASTING';
  const lost = status === 'TERMINATED_UNEXPECTEDLY' || status === 'FAILED' || status === 'ERROR';
  return (
    <Badge variant={live ? 'filled' : 'light'} color={live ? 'red.8' : lost ? 'orange' : 'gray'} tt="none" fw={600}>
      {live ? 'Live' : (WORDS[status] ?? status.toLowerCase())}
    </Badge>
  );
}

const WORDS: Record<string, string> = {
  CREATED: 'Not started',
  PREPARING: 'Starting',
  FINISHED: 'Ended',
  ERROR: 'Error',
  FAILED: 'Failed',
  TERMINATED_UNEXPECTEDLY: 'Lost',
};
