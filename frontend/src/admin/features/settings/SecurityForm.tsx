//! The security switches of an application. Sends only what was changed; the server checks how they go together.

import { Button, Group, NumberInput, PasswordInput, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useMutation } from 'urql';
import { graphql } from '../../../gql';
import type { ApplicationSettingsPatch, SecurityForm_ApplicationFragment } from '../../../gql/graphql';
import { failureText } from '../../components/Failure';
import { Card } from '../../components/Page';
import { Problems } from '../../components/Problems';
import { changedValues } from './changes';

graphql(`
  fragment SecurityForm_application on Application {
    name
    settings {
      acceptOnlyStreamsInDataStore
      publishTokenControlEnabled
      playTokenControlEnabled
      publishJwtControlEnabled
      playJwtControlEnabled
      hashControlPublishEnabled
      hashControlPlayEnabled
      enableTimeTokenForPublish
      enableTimeTokenForPlay
      timeTokenPeriod
      timeTokenReplayProtection
      jwtRequireScope
      endSessionAtExpiry
      allowedPublisherCIDR
      ipFilterEnabled
      remoteAllowedCIDR
      hasTokenHashSecret
      hasJwtStreamSecretKey
      hasTimeTokenSecretForPublish
      hasTimeTokenSecretForPlay
    }
  }
`);

const UPDATE = graphql(`
  mutation UpdateSettings($input: UpdateApplicationSettingsInput!) {
    updateApplicationSettings(input: $input) {
      application {
        id
        ...SecurityForm_application
      }
      problems {
        code
        message
        path
      }
    }
  }
`);

export function SecurityForm({ application }: { application: SecurityForm_ApplicationFragment }) {
  const { settings, name } = application;
  const [{ data, error, fetching }, update] = useMutation(UPDATE);
  const form = useForm({ initialValues: valuesOf(settings) });
  const bind = (field: keyof ApplicationSettingsPatch & string) => form.getInputProps(field, { type: 'checkbox' });

  const submit = form.onSubmit(async (values) => {
    const patch: ApplicationSettingsPatch = changedValues(form.getInitialValues(), values);
    const answer = await update({ input: { application: name, settings: patch } });
    const payload = answer.data?.updateApplicationSettings;
    if (!payload?.application || payload.problems.length > 0) return;
    const stored = valuesOf(payload.application.settings);
    form.setInitialValues(stored);
    form.setValues(stored);
    form.resetDirty(stored);
    notifications.show({ message: 'Saved, and in force for the next decision.' });
  });

  const secret = (field: 'tokenHashSecret' | 'jwtStreamSecretKey' | 'timeTokenSecretForPublish' | 'timeTokenSecretForPlay', label: string, description: string, set: boolean) => (
    <PasswordInput
      label={label}
      description={description}
      placeholder={set ? 'Set. Type to replace it' : 'Not set'}
      autoComplete="off"
      {...form.getInputProps(field)}
    />
  );

  return (
    <form onSubmit={submit}>
      <Stack gap="lg">
        <Card title="Streams" hint="Which stream ids may be published at all.">
          <Switch
            label="Accept undefined streams"
            description="Anyone who passes the checks below may publish under any new stream id. Off: only registered broadcasts."
            checked={!form.values.acceptOnlyStreamsInDataStore}
            onChange={(event) => form.setFieldValue('acceptOnlyStreamsInDataStore', !event.currentTarget.checked)}
          />
        </Card>

        <Text size="sm" c="dimmed">
          On each side, at most one of codes, one-time tokens and JWT can be on; a hash may be added. All that are on must pass.
        </Text>

        <Card title="Codes" hint="Six digits that change with time (TOTP), for named subscribers.">
          <Stack>
            <Group gap="xl">
              <Switch label="To publish" {...bind('enableTimeTokenForPublish')} />
              <Switch label="To play" {...bind('enableTimeTokenForPlay')} />
            </Group>
            <SimpleGrid cols={{ base: 1, sm: 3 }}>
              <NumberInput
                label="A code changes every"
                suffix=" s"
                min={10}
                description="30 s is recommended."
                {...form.getInputProps('timeTokenPeriod')}
              />
              {secret('timeTokenSecretForPublish', 'Secret for derived codes, publish', DERIVED, settings.hasTimeTokenSecretForPublish)}
              {secret('timeTokenSecretForPlay', 'Secret for derived codes, play', DERIVED, settings.hasTimeTokenSecretForPlay)}
            </SimpleGrid>
            <Switch
              label="A code admits only the client that used it first"
              description="A page may be reloaded; a copied code is refused elsewhere."
              {...bind('timeTokenReplayProtection')}
            />
          </Stack>
        </Card>

        <Card title="One-time tokens" hint="Each admits exactly one client, once.">
          <Group gap="xl">
            <Switch label="To publish" {...bind('publishTokenControlEnabled')} />
            <Switch label="To play" {...bind('playTokenControlEnabled')} />
          </Group>
        </Card>

        <Card title="JWT" hint="Signed tokens that your own back end makes.">
          <Stack>
            <Group gap="xl">
              <Switch label="To publish" {...bind('publishJwtControlEnabled')} />
              <Switch label="To play" {...bind('playJwtControlEnabled')} />
            </Group>
            {secret('jwtStreamSecretKey', 'Secret', 'HS256, at least 32 characters.', settings.hasJwtStreamSecretKey)}
            <Switch
              label="A JWT must name its stream and its operation"
              description="Recommended. Off: a JWT without them opens every stream of this application."
              {...bind('jwtRequireScope')}
            />
          </Stack>
        </Card>

        <Card title="Hash" hint="A shared secret turned into one hash per stream and operation. May be combined with the others.">
          <Stack>
            <Group gap="xl">
              <Switch label="To publish" {...bind('hashControlPublishEnabled')} />
              <Switch label="To play" {...bind('hashControlPlayEnabled')} />
            </Group>
            {secret('tokenHashSecret', 'Secret', 'Part of what is hashed; your back end knows it too.', settings.hasTokenHashSecret)}
          </Stack>
        </Card>

        <Card title="Addresses and sessions">
          <Stack>
            <TextInput
              label="Networks that may publish"
              description="Comma-separated, for example 10.0.0.0/8, 2001:db8::/32. Empty: from anywhere."
              spellCheck={false}
              {...form.getInputProps('allowedPublisherCIDR')}
            />
            <Switch label="Limit the REST API by address" {...bind('ipFilterEnabled')} />
            <TextInput
              label="Networks that may call the REST API without a login"
              spellCheck={false}
              disabled={!form.values.ipFilterEnabled}
              {...form.getInputProps('remoteAllowedCIDR')}
            />
            <Switch
              label="End a session when its credential expires"
              description="Off: who came in in time may stay."
              {...bind('endSessionAtExpiry')}
            />
          </Stack>
        </Card>

        <Problems problems={data?.updateApplicationSettings.problems ?? []} failure={error && failureText(error)} />
        <Group>
          <Button type="submit" loading={fetching} disabled={!form.isDirty()}>
            Save
          </Button>
          <Button variant="default" onClick={form.reset} disabled={!form.isDirty()}>
            Undo changes
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const DERIVED = 'For subscribers without a secret of their own.';

/** Form values of stored settings. Secrets cannot be read back: an empty field keeps the one that is set. */
function valuesOf(stored: SecurityForm_ApplicationFragment['settings']) {
  const { hasTokenHashSecret, hasJwtStreamSecretKey, hasTimeTokenSecretForPublish, hasTimeTokenSecretForPlay, ...settings } = stored;
  return { ...settings, tokenHashSecret: '', jwtStreamSecretKey: '', timeTokenSecretForPublish: '', timeTokenSecretForPlay: '' };
}
