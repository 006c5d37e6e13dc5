//! Registers a stream before anybody publishes it.

import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from 'urql';
import { graphql } from '../../../gql';
import { failureText } from '../../components/Failure';
import { Problems } from '../../components/Problems';

const CREATE = graphql(`
  mutation CreateBroadcast($input: CreateBroadcastInput!) {
    createBroadcast(input: $input) {
      broadcast {
        id
        streamId
      }
      problems {
        code
        message
        path
      }
    }
  }
`);

export function CreateBroadcast({ application, onCreated }: { application: string; onCreated: () => void }) {
  const [opened, { open, close }] = useDisclosure();
  const [{ data, error, fetching }, create] = useMutation(CREATE);
  const form = useForm({ initialValues: { streamId: '', name: '' } });

  const submit = form.onSubmit(async ({ streamId, name }) => {
    const answer = await create({ input: { application, streamId: streamId.trim() || null, name: name.trim() || null } });
    if (!answer.data?.createBroadcast.broadcast) return;
    form.reset();
    close();
    onCreated();
  });

  return (
    <>
      <Button onClick={open}>New broadcast</Button>
      <Modal opened={opened} onClose={close} title="New broadcast">
        <form onSubmit={submit}>
          <Stack>
            <TextInput label="Stream id" description="Left empty, one is made." spellCheck={false} data-autofocus {...form.getInputProps('streamId')} />
            <TextInput label="Name" {...form.getInputProps('name')} />
            <Problems problems={data?.createBroadcast.problems ?? []} failure={error && failureText(error)} />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" loading={fetching}>
                Create
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
