//! Hands out a one-time token or a JWT; either is shown once, with the address to use it at.

import { Alert, Anchor, Button, Group, Modal, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useState } from 'react';
import { useMutation } from 'urql';
import { graphql } from '../../../gql';
import type { Operation } from '../../../gql/graphql';
import { Copyable } from '../../components/Copyable';
import { failureText } from '../../components/Failure';
import { Problems } from '../../components/Problems';
import { secondsFromNow, timestamp } from '../../lib/format';
import { withToken } from '../../lib/with-token';

const CREATE_TOKEN = graphql(`
  mutation CreateToken($input: CreateTokenInput!) {
    createToken(input: $input) {
      secret
      token {
        id
        expiresAt
      }
      problems {
        code
        message
        path
      }
    }
  }
`);

const CREATE_JWT = graphql(`
  mutation CreateStreamJwt($input: CreateStreamJwtInput!) {
    createStreamJwt(input: $input) {
      jwt
      expiresAt
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
  urls: { player: string; rtmpPublish: string };
  onCreated: () => void;
}

type Kind = 'token' | 'jwt';

export function CreateCredential({ application, streamId, urls, onCreated }: Props) {
  const [opened, { open, close }] = useDisclosure();
  const [kind, setKind] = useState<Kind>('token');
  const [operation, setOperation] = useState<Operation>('PLAY');
  const [seconds, setSeconds] = useState(DEFAULT_SECONDS);
  // Kept here and nowhere else: gone when the dialog closes.
  const [made, setMade] = useState<{ credential: string; expiresAt: string } | null>(null);
  const [token, createToken] = useMutation(CREATE_TOKEN);
  const [jwt, createJwt] = useMutation(CREATE_JWT);
  const last = kind === 'token' ? token : jwt;
  const problems = (kind === 'token' ? token.data?.createToken.problems : jwt.data?.createStreamJwt.problems) ?? [];

  const finish = () => {
    setMade(null);
    close();
  };

  const create = async () => {
    const expiresAt = secondsFromNow(Number(seconds));
    const input = { application, streamId, operation, expiresAt };
    if (kind === 'token') {
      const payload = (await createToken({ input })).data?.createToken;
      if (!payload?.secret) return;
      setMade({ credential: payload.secret, expiresAt: payload.token?.expiresAt ?? expiresAt });
      onCreated();
    } else {
      const payload = (await createJwt({ input })).data?.createStreamJwt;
      if (payload?.jwt) setMade({ credential: payload.jwt, expiresAt: payload.expiresAt ?? expiresAt });
    }
  };

  const address = made && withToken(operation === 'PLAY' ? urls.player : urls.rtmpPublish, made.credential);
  return (
    <>
      <Button size="xs" onClick={open}>
        New token
      </Button>
      <Modal
        opened={opened}
        onClose={finish}
        title={made ? (kind === 'token' ? 'One-time token' : 'JWT') : 'New token'}
        closeOnClickOutside={made === null}
        size="lg"
      >
        {made ? (
          <Stack>
            <Text size="sm">
              {kind === 'token' ? 'Admits one client, once, ' : 'Admits as often as its bearer likes, '}
              until {timestamp(made.expiresAt)}.
            </Text>
            <Copyable label={kind === 'token' ? 'Token' : 'JWT'} value={made.credential} labelled />
            {address && <Copyable label={operation === 'PLAY' ? 'To watch' : 'To publish'} value={address} labelled />}
            <Alert color="orange" variant="light">
              {kind === 'token'
                ? 'Opening the address uses the token up: hand it on before you try it.'
                : 'The server keeps no copy. A JWT cannot be revoked, only its key changed.'}
            </Alert>
            <Group justify="space-between">
              {address && operation === 'PLAY' ? (
                <Anchor href={address} target="_blank" rel="noreferrer" size="sm">
                  Watch with it now
                </Anchor>
              ) : (
                <span />
              )}
              <Button onClick={finish}>Done</Button>
            </Group>
          </Stack>
        ) : (
          <Stack>
            <SegmentedControl
              fullWidth
              aria-label="Kind of token"
              value={kind}
              onChange={(value) => setKind(value as Kind)}
              data={[
                { value: 'token', label: 'One-time token' },
                { value: 'jwt', label: 'JWT' },
              ]}
            />
            <Text size="sm" c="dimmed">
              {kind === 'token'
                ? 'For one person: the first who shows it comes in, nobody after.'
                : 'For anybody who has it, until it expires. Signed with the key of the application.'}
            </Text>
            <Select
              label="Admits to"
              allowDeselect={false}
              value={operation}
              onChange={(value) => value && setOperation(value as Operation)}
              data={[
                { value: 'PLAY', label: 'Play' },
                { value: 'PUBLISH', label: 'Publish' },
              ]}
            />
            <Select
              label="Valid for"
              allowDeselect={false}
              value={seconds}
              onChange={(value) => value && setSeconds(value)}
              data={LIFETIMES}
            />
            <Problems problems={problems} failure={last.error && failureText(last.error)} />
            <Group justify="flex-end">
              <Button variant="default" onClick={finish}>
                Cancel
              </Button>
              <Button loading={last.fetching} onClick={() => void create()}>
                Create
              </Button>
            </Group>
          </Stack>
        )}
      </Modal>
    </>
  );
}

const DEFAULT_SECONDS = '86400';

const LIFETIMES = [
  { value: '600', label: '10 minutes' },
  { value: '3600', label: '1 hour' },
  { value: DEFAULT_SECONDS, label: '1 day' },
  { value: '604800', label: '1 week' },
  { value: '2592000', label: '30 days' },
  { value: '31536000', label: '1 year' },
];
