//! Blocks a subscriber in two clicks, and says what that did.

import { Button, Group, Popover, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { useMutation } from 'urql';
import { graphql } from '../../../gql';
import type { BlockOperation } from '../../../gql/graphql';
import { failureText } from '../../components/Failure';
import { Icon } from '../../components/Icon';
import { Problems } from '../../components/Problems';
import { blockSentence } from '../../lib/block-result';

const BLOCK = graphql(`
  mutation BlockSubscriber($input: BlockSubscriberInput!) {
    blockSubscriber(input: $input) {
      sessionsStopped
      sessionsSuspended
      workersAcknowledged
      workersPending {
        name
      }
      tookMs
      problems {
        code
        message
        path
      }
    }
  }
`);

interface Props {
  application: string;
  streamId: string;
  subscriberId: string;
  /** Hears what the block did, as one sentence. */
  onBlocked: (sentence: string) => void;
}

export function BlockButton({ application, streamId, subscriberId, onBlocked }: Props) {
  const [opened, { toggle, close }] = useDisclosure();
  const [operation, setOperation] = useState<BlockOperation>('PLAY');
  const [seconds, setSeconds] = useState(DEFAULT_SECONDS);
  const [{ data, error, fetching }, block] = useMutation(BLOCK);

  const confirm = async () => {
    const answer = await block({ input: { application, streamId, subscriberId, operation, seconds: Number(seconds) } });
    const result = answer.data?.blockSubscriber;
    if (!result || result.problems.length > 0) return;
    close();
    onBlocked(`${subscriberId}: ${blockSentence(result)}`);
  };

  return (
    <Popover opened={opened} onChange={(next) => !next && close()} position="bottom-end" withArrow shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button size="xs" variant="light" color="red" onClick={toggle} aria-label={`Block ${subscriberId}`}>
          Block
        </Button>
      </Popover.Target>
      <Popover.Dropdown w={300}>
        <Stack gap="sm">
          <Group gap={8} wrap="nowrap">
            <Icon name="lock" />
            <Text fw={600} size="sm" truncate>
              Block {subscriberId}
            </Text>
          </Group>
          <SegmentedControl
            fullWidth
            size="xs"
            aria-label="What to forbid"
            value={operation}
            onChange={(value) => setOperation(value as BlockOperation)}
            data={[
              { value: 'PLAY', label: 'Play' },
              { value: 'PUBLISH', label: 'Publish' },
              { value: 'PUBLISH_PLAY', label: 'Both' },
            ]}
          />
          <Select
            label="For"
            size="xs"
            allowDeselect={false}
            value={seconds}
            onChange={(value) => value && setSeconds(value)}
            data={DURATIONS}
            comboboxProps={{ withinPortal: false }}
          />
          <Problems problems={data?.blockSubscriber.problems ?? []} failure={error && failureText(error)} />
          <Button color="red" size="xs" loading={fetching} onClick={() => void confirm()} data-autofocus>
            Block now
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

const DEFAULT_SECONDS = '120';

const DURATIONS = [
  { value: '30', label: '30 seconds' },
  { value: DEFAULT_SECONDS, label: '2 minutes' },
  { value: '600', label: '10 minutes' },
  { value: '3600', label: '1 hour' },
  { value: '86400', label: '1 day' },
  { value: '31536000', label: '1 year' },
];
