//! The five ways in, one row each, with a switch for publishers and one for players.

import { Badge, Switch, Table, Text } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { SecurityValues } from './SecurityForm';

export function ModeSwitches({ form }: { form: UseFormReturnType<SecurityValues> }) {
  const values = form.values;
  return (
    <Table verticalSpacing="sm" withRowBorders aria-label="Ways in">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>What they show</Table.Th>
          <Table.Th w={{ base: 72, sm: 110 }}>Publish</Table.Th>
          <Table.Th w={{ base: 72, sm: 110 }}>Play</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {MODES.map(({ name, help, publish, play }) => (
          <Table.Tr key={name}>
            <Table.Td>
              <Text size="sm" fw={600}>
                {name}
              </Text>
              <Text size="sm" c="dimmed">
                {help}
              </Text>
            </Table.Td>
            <Table.Td>
              <Switch aria-label={`${name}, to publish`} {...form.getInputProps(publish, { type: 'checkbox' })} />
            </Table.Td>
            <Table.Td>
              <Switch aria-label={`${name}, to play`} {...form.getInputProps(play, { type: 'checkbox' })} />
            </Table.Td>
          </Table.Tr>
        ))}
        <Table.Tr>
          <Table.Td>
            <Text size="sm" fw={600}>
              Webhook
            </Text>
            <Text size="sm" c="dimmed">
              Whatever your own server accepts. On as soon as an address stands below.
            </Text>
          </Table.Td>
          <Table.Td>
            <Asked url={values.webhookAuthenticateURL} />
          </Table.Td>
          <Table.Td>
            <Asked url={values.webhookPlayAuthUrl} />
          </Table.Td>
        </Table.Tr>
      </Table.Tbody>
    </Table>
  );
}

function Asked({ url }: { url: string }) {
  const on = url.trim() !== '';
  return (
    <Badge variant="light" color={on ? 'sluice' : 'gray'} tt="none">
      {on ? 'On' : 'Off'}
    </Badge>
  );
}

const MODES = [
  {
    name: 'Code',
    help: 'Six digits that change with time (TOTP), of a named subscriber. One can block a subscriber by name.',
    publish: 'enableTimeTokenForPublish',
    play: 'enableTimeTokenForPlay',
  },
  {
    name: 'One-time token',
    help: 'Made here or over the API for one person; the first who shows it comes in, nobody after.',
    publish: 'publishTokenControlEnabled',
    play: 'playTokenControlEnabled',
  },
  {
    name: 'JWT',
    help: 'Signed by your back end, for as many people as have it, until it expires.',
    publish: 'publishJwtControlEnabled',
    play: 'playJwtControlEnabled',
  },
  {
    name: 'Hash',
    help: 'One hash for each stream and side, made from a shared secret. It never expires.',
    publish: 'hashControlPublishEnabled',
    play: 'hashControlPlayEnabled',
  },
] as const;
