//! Ends a live stream, after one question.

import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from 'urql';
import { graphql } from '../../../gql';
import { failureText } from '../../components/Failure';
import { Problems } from '../../components/Problems';

const STOP = graphql(`
  mutation StopBroadcast($input: StopBroadcastInput!) {
    stopBroadcast(input: $input) {
      problems {
        code
        message
      }
    }
  }
`);

export function StopButton({ application, streamId, onStopped }: { application: string; streamId: string; onStopped: () => void }) {
  const [opened, { open, close }] = useDisclosure();
  const [{ data, error, fetching }, stop] = useMutation(STOP);
  const run = async () => {
    const answer = await stop({ input: { application, streamId } });
    if (answer.data?.stopBroadcast.problems.length !== 0) return;
    close();
    onStopped();
  };
  return (
    <>
      <Button variant="default" onClick={open}>
        Stop stream
      </Button>
      <Modal opened={opened} onClose={close} title={`Stop ${streamId}?`}>
        <Stack>
          <Text size="sm">The publisher is disconnected and every viewer with it. It may publish again: only a block keeps it out.</Text>
          <Problems problems={data?.stopBroadcast.problems ?? []} failure={error && failureText(error)} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button color="red" loading={fetching} onClick={() => void run()}>
              Stop
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
