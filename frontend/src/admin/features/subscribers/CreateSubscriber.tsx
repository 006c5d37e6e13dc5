//! Registers a subscriber; a generated secret is shown once, right after.

import { Alert, Button, Group, Modal, NumberInput, Radio, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { useMutation } from 'urql';
import { useState } from 'react';
import { graphql } from '../../../gql';
import type { Operation } from '../../../gql/graphql';
import { Copyable } from '../../components/Copyable';
import { failureText } from '../../components/Failure';
import { Problems } from '../../components/Problems';

const CREATE = graphql(`
  mutation CreateSubscriber($input: CreateSubscriberInput!) {
    createSubscriber(input: $input) {
      subscriber {
        id
        subscriberId
      }
      secret
      otpauthUrl
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
  onCreated: () => void;
}

export function CreateSubscriber({ application, streamId, onCreated }: Props) {
  const [opened, { open, close }] = useDisclosure();
  // Kept here and nowhere else: gone when the dialog closes.
  const [shown, setShown] = useState<{ subscriberId: string; secret: string; otpauthUrl: string } | null>(null);
  const [{ data, error, fetching }, create] = useMutation(CREATE);
  const form = useForm({
    initialValues: {
      subscriberId: '',
      name: '',
      type: 'PLAY' as Operation,
      secret: 'generate' as 'generate' | 'none',
      totpPeriodSeconds: 30,
      concurrentConnectionsLimit: 1,
    },
    validate: { subscriberId: (value) => (value.trim().length > 3 ? null : 'At least four characters') },
  });

  const finish = () => {
    setShown(null);
    form.reset();
    close();
  };

  const submit = form.onSubmit(async ({ secret, subscriberId, name, ...rest }) => {
    const generate = secret === 'generate';
    const answer = await create({
      input: {
        ...rest,
        application,
        streamId,
        subscriberId: subscriberId.trim(),
        name: name.trim() || null,
        generateSecret: generate,
        totpPeriodSeconds: generate ? rest.totpPeriodSeconds : null,
      },
    });
    const payload = answer.data?.createSubscriber;
    if (!payload?.subscriber) return;
    onCreated();
    if (payload.secret && payload.otpauthUrl) {
      setShown({ subscriberId: payload.subscriber.subscriberId, secret: payload.secret, otpauthUrl: payload.otpauthUrl });
    } else {
      finish();
    }
  });

  return (
    <>
      <Button size="xs" onClick={open}>
        New subscriber
      </Button>
      <Modal
        opened={opened}
        onClose={finish}
        title={shown ? `Secret of ${shown.subscriberId}` : 'New subscriber'}
        closeOnClickOutside={shown === null}
        size={shown ? 'lg' : 'md'}
      >
        {shown ? (
          <Stack>
            <Alert color="orange" variant="light">
              Shown this once: it cannot be read back. Hand it to the subscriber over a safe way.
            </Alert>
            <Copyable label="Secret" value={shown.secret} labelled />
            <Copyable label="otpauth" value={shown.otpauthUrl} labelled />
            <Text size="sm" c="dimmed">
              The otpauth address goes into any authenticator application.
            </Text>
            <Group justify="flex-end">
              <Button onClick={finish}>I have stored it</Button>
            </Group>
          </Stack>
        ) : (
          <form onSubmit={submit}>
            <Stack>
              <TextInput label="Subscriber id" required spellCheck={false} data-autofocus {...form.getInputProps('subscriberId')} />
              <TextInput label="Name" {...form.getInputProps('name')} />
              <Select
                label="May"
                allowDeselect={false}
                data={[
                  { value: 'PLAY', label: 'Play' },
                  { value: 'PUBLISH', label: 'Publish and play' },
                ]}
                {...form.getInputProps('type')}
              />
              <Radio.Group label="Codes" {...form.getInputProps('secret')}>
                <Stack gap="xs" mt={6}>
                  <Radio value="generate" label="From a secret of its own, made now" />
                  <Radio value="none" label="Derived from the application's secrets" />
                </Stack>
              </Radio.Group>
              {form.values.secret === 'generate' && (
                <NumberInput
                  label="A code changes every"
                  suffix=" s"
                  description="30 s is recommended."
                  min={10}
                  {...form.getInputProps('totpPeriodSeconds')}
                />
              )}
              <NumberInput label="Connections at once" min={1} {...form.getInputProps('concurrentConnectionsLimit')} />
              <Problems problems={data?.createSubscriber.problems ?? []} failure={error && failureText(error)} />
              <Group justify="flex-end">
                <Button variant="default" onClick={finish}>
                  Cancel
                </Button>
                <Button type="submit" loading={fetching}>
                  Create
                </Button>
              </Group>
            </Stack>
          </form>
        )}
      </Modal>
    </>
  );
}
