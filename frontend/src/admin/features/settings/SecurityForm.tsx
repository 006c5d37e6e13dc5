//! The security switches of an application. Sends only what was changed; the server checks how they go together.

import { Button, Group, NumberInput, Paper, PasswordInput, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { notifications } from '@mantine/notifications';
import { useMutation } from 'urql';
import { graphql } from '../../../gql';
import type { ApplicationSettingsPatch, SecurityForm_ApplicationFragment } from '../../../gql/graphql';
import { failureText } from '../../components/Failure';
import { Card } from '../../components/Page';
import { Problems } from '../../components/Problems';
import { changedValues } from './changes';
import { ModeSwitches } from './ModeSwitches';

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
      webhookAuthenticateURL
      webhookPlayAuthUrl
      hasWebhookSigningSecret
      rtmpPlaybackEnabled
      allowPublishTakeover
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

  const secret = (field: Secret, label: string, description: string, set: boolean) => (
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

        <Card
          title="Ways in"
          hint="What somebody must show. With nothing on, a side stands open. At most one of the first three on each side; hash and webhook may be added, and all that are on must pass."
        >
          <ModeSwitches form={form} />
        </Card>

        <Card title="Codes" hint="Where the codes of subscribers come from.">
          <Stack>
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

        <Card title="JWT and hash" hint="What your own back end signs with.">
          <Stack>
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              {secret('jwtStreamSecretKey', 'Key of JWTs', 'HS256, at least 32 characters.', settings.hasJwtStreamSecretKey)}
              {secret('tokenHashSecret', 'Secret of hashes', 'Part of what is hashed; your back end knows it too.', settings.hasTokenHashSecret)}
            </SimpleGrid>
            <Switch
              label="A JWT must name its stream and its operation"
              description="Recommended. Off: a JWT without them opens every stream of this application."
              {...bind('jwtRequireScope')}
            />
          </Stack>
        </Card>

        <Card title="Webhook" hint="Your own server is asked, over HTTP, and only its 200 lets somebody in. No answer is a no.">
          <Stack>
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <TextInput
                label="Ask before anybody publishes"
                placeholder="https://…"
                spellCheck={false}
                {...form.getInputProps('webhookAuthenticateURL')}
              />
              <TextInput
                label="Ask before anybody plays"
                placeholder="https://…"
                spellCheck={false}
                {...form.getInputProps('webhookPlayAuthUrl')}
              />
            </SimpleGrid>
            {secret('webhookSigningSecret', 'Signing secret', 'With it, every question carries an HMAC that your server can check.', settings.hasWebhookSigningSecret)}
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
              label="Streams may be played over RTMP"
              description="HLS and DASH are not concerned."
              {...bind('rtmpPlaybackEnabled')}
            />
            <Switch
              label="A subscriber may take over its own live stream"
              description="For encoders that reconnect before the old connection is gone."
              {...bind('allowPublishTakeover')}
            />
            <Switch
              label="End a session when its credential expires"
              description="Off: who came in in time may stay."
              {...bind('endSessionAtExpiry')}
            />
          </Stack>
        </Card>

        {/* In sight wherever on the page the change was. */}
        <Paper withBorder shadow="sm" p="md" style={form.isDirty() ? { position: 'sticky', bottom: 12, zIndex: 5 } : undefined} role="group" aria-label="Save">
          <Stack gap="sm">
            <Problems problems={data?.updateApplicationSettings.problems ?? []} failure={error && failureText(error)} />
            <Group justify="space-between">
              <Text size="sm" c="dimmed">
                {form.isDirty() ? 'Not saved yet.' : 'Saved changes hold for the next decision, without a restart.'}
              </Text>
              <Group gap="xs">
                <Button variant="default" onClick={form.reset} disabled={!form.isDirty()}>
                  Undo changes
                </Button>
                <Button type="submit" loading={fetching} disabled={!form.isDirty()}>
                  Save
                </Button>
              </Group>
            </Group>
          </Stack>
        </Paper>
      </Stack>
    </form>
  );
}

const DERIVED = 'For subscribers without a secret of their own.';

type Secret = 'tokenHashSecret' | 'jwtStreamSecretKey' | 'timeTokenSecretForPublish' | 'timeTokenSecretForPlay' | 'webhookSigningSecret';

/** Form values of stored settings. Secrets cannot be read back: an empty field keeps the one that is set. */
function valuesOf(stored: SecurityForm_ApplicationFragment['settings']) {
  const {
    hasTokenHashSecret,
    hasJwtStreamSecretKey,
    hasTimeTokenSecretForPublish,
    hasTimeTokenSecretForPlay,
    hasWebhookSigningSecret,
    ...settings
  } = stored;
  const secrets: Record<Secret, string> = {
    tokenHashSecret: '',
    jwtStreamSecretKey: '',
    timeTokenSecretForPublish: '',
    timeTokenSecretForPlay: '',
    webhookSigningSecret: '',
  };
  return { ...settings, ...secrets };
}

export type SecurityValues = ReturnType<typeof valuesOf>;
