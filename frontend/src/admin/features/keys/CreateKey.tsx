//! Makes an API key; it is shown once, right after.

import { Alert, Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { useMutation } from 'urql';
import { graphql } from '../../../gql';
import type { Role } from '../../../gql/graphql';
import { Copyable } from '../../components/Copyable';
import { failureText } from '../../components/Failure';
import { Problems } from '../../components/Problems';
import { secondsFromNow } from '../../lib/format';

const CREATE = graphql(`
  mutation CreateApiKey($input: CreateApiKeyInput!) {
    createApiKey(input: $input) {
      apiKey {
        id
        name
      }
      secret
      problems {
        code
        message
        path
      }
    }
  }
`);

export function CreateKey({ applications, onCreated }: { applications: readonly string[]; onCreated: () => void }) {
  const [opened, { open, close }] = useDisclosure();
  // Kept here and nowhere else: gone when the dialog closes.
  const [secret, setSecret] = useState<string | null>(null);
  const [{ data, error, fetching }, create] = useMutation(CREATE);
  const form = useForm({
    initialValues: { name: '', role: 'OPERATOR' as Role, application: '', days: '365' },
    validate: { name: (value) => (value.trim() ? null : 'Say what it is for') },
  });

  const finish = () => {
    setSecret(null);
    form.reset();
    close();
  };

  const submit = form.onSubmit(async ({ name, role, application, days }) => {
    const expiresAt = days ? secondsFromNow(Number(days) * 86_400) : null;
    const grants = [{ role, application: application || null }];
    const payload = (await create({ input: { name: name.trim(), grants, expiresAt } })).data?.createApiKey;
    if (!payload?.secret) return;
    setSecret(payload.secret);
    onCreated();
  });

  return (
    <>
      <Button onClick={open}>New key</Button>
      <Modal opened={opened} onClose={finish} title={secret ? 'The new key' : 'New key'} closeOnClickOutside={secret === null} size={secret ? 'lg' : 'md'}>
        {secret ? (
          <Stack>
            <Alert color="orange" variant="light">
              Shown this once: it cannot be read back.
            </Alert>
            <Copyable label="Key" value={secret} labelled />
            <Text size="sm" c="dimmed">
              Send it as <code>Authorization: Bearer …</code>, to GraphQL and to REST.
            </Text>
            <Group justify="flex-end">
              <Button onClick={finish}>I have stored it</Button>
            </Group>
          </Stack>
        ) : (
          <form onSubmit={submit}>
            <Stack>
              <TextInput label="What it is for" placeholder="Our shop's back end" required data-autofocus {...form.getInputProps('name')} />
              <Select label="May" allowDeselect={false} data={ROLES} {...form.getInputProps('role')} />
              <Select
                label="In"
                allowDeselect={false}
                data={[{ value: '', label: 'The whole server' }, ...applications.map((name) => ({ value: name, label: name }))]}
                {...form.getInputProps('application')}
              />
              <Select label="Valid for" allowDeselect={false} data={LIFETIMES} {...form.getInputProps('days')} />
              <Problems problems={data?.createApiKey.problems ?? []} failure={error && failureText(error)} />
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

const ROLES = [
  { value: 'VIEWER', label: 'Read' },
  { value: 'OPERATOR', label: 'Manage streams, subscribers, tokens and blocks' },
  { value: 'ADMIN', label: 'Manage everything' },
];

const LIFETIMES = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '1 year' },
  { value: '', label: 'Ever, until it is revoked' },
];
