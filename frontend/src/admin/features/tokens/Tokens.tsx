//! The one-time tokens of a broadcast: handed out, watched, shown again, revoked.

import { Badge, Button, Group, Popover, SegmentedControl, Skeleton, Stack, Table, Text, VisuallyHidden } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { graphql } from '../../../gql';
import type { TokenRow_TokenFragment, TokenStatus } from '../../../gql/graphql';
import { Copyable } from '../../components/Copyable';
import { Failure, failureText } from '../../components/Failure';
import { Card, Empty } from '../../components/Page';
import { Pager } from '../../components/Pager';
import { timestamp } from '../../lib/format';
import { useFilter, usePageCursor, usePolling } from '../../lib/hooks';
import { CreateCredential } from './CreateCredential';

graphql(`
  fragment TokenRow_token on Token {
    id
    hint
    operation
    status
    createdAt
    createdBy
    expiresAt
    reservedUntil
    spentAt
    client
  }
`);

const TOKENS = graphql(`
  query Tokens($application: String!, $streamId: String!, $filter: TokenFilter, $after: String) {
    broadcast(application: $application, streamId: $streamId) {
      id
      urls {
        player
        rtmpPublish
      }
      tokens(first: 50, filter: $filter, after: $after) {
        totalCount
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          id
          ...TokenRow_token
        }
      }
    }
  }
`);

const REVEAL = graphql(`
  mutation RevealToken($input: RevealTokenInput!) {
    revealToken(input: $input) {
      secret
      problems {
        code
        message
      }
    }
  }
`);

const REVOKE = graphql(`
  mutation RevokeTokens($input: RevokeTokensInput!) {
    revokeTokens(input: $input) {
      revokedCount
      problems {
        code
        message
      }
    }
  }
`);

interface Names {
  application: string;
  streamId: string;
}

export function Tokens({ application, streamId }: Names) {
  const [status, setStatus] = useFilter('tokens');
  const page = usePageCursor();
  const [{ data, error }, refresh] = useQuery({
    query: TOKENS,
    variables: { application, streamId, filter: { status: (status || null) as TokenStatus | null }, after: page.after },
  });
  const again = () => refresh({ requestPolicy: 'network-only' });
  usePolling(again, 5000);
  const broadcast = data?.broadcast;

  return (
    <Card
      title="Tokens"
      hint="A one-time token admits one client once. The list never shows the tokens themselves."
      actions={
        broadcast && (
          <CreateCredential application={application} streamId={streamId} urls={broadcast.urls} onCreated={again} />
        )
      }
    >
      <Group mb="sm">
        <SegmentedControl
          aria-label="Status of tokens"
          value={status}
          onChange={setStatus}
          data={[{ value: '', label: 'All' }, ...Object.entries(STATUS).map(([value, { label }]) => ({ value, label }))]}
        />
      </Group>
      {error && !broadcast && <Failure error={error} retry={again} />}
      {!broadcast ? (
        !error && <Skeleton h={120} />
      ) : broadcast.tokens.nodes.length === 0 ? (
        <Empty>{status ? 'No token is in this state.' : 'No token was handed out yet.'}</Empty>
      ) : (
        <Table.ScrollContainer minWidth={900}>
          <Table verticalSpacing="xs" aria-label="Tokens">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Token</Table.Th>
                <Table.Th style={{ whiteSpace: 'nowrap' }}>Admits to</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th>Valid until</Table.Th>
                <Table.Th>Made</Table.Th>
                <Table.Th>
                  <VisuallyHidden>Actions</VisuallyHidden>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {broadcast.tokens.nodes.map((token) => (
                <Row key={token.id} token={token} application={application} streamId={streamId} onRevoked={again} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {broadcast && <Pager page={page} info={broadcast.tokens.pageInfo} total={broadcast.tokens.totalCount} />}
    </Card>
  );
}

interface RowProps extends Names {
  token: TokenRow_TokenFragment;
  onRevoked: () => void;
}

function Row({ token, application, streamId, onRevoked }: RowProps) {
  const { label, color } = STATUS[token.status];
  const [{ fetching }, revoke] = useMutation(REVOKE);
  const used = token.spentAt ?? token.reservedUntil;
  // Behind the address stands the software of HTTP players.
  const [address] = (token.client ?? '').split('|');

  const revokeIt = async () => {
    const answer = await revoke({ input: { application, streamId, ids: [token.id] } });
    const [problem] = answer.data?.revokeTokens.problems ?? [];
    if (answer.data && !problem) onRevoked();
    else notifications.show({ color: 'red', message: problem?.message ?? (answer.error && failureText(answer.error)) });
  };

  return (
    <Table.Tr>
      <Table.Td ff="monospace">…{token.hint}</Table.Td>
      <Table.Td>{token.operation === 'PLAY' ? 'Play' : 'Publish'}</Table.Td>
      <Table.Td>
        <Badge color={color} variant="light" tt="none">
          {label}
        </Badge>
        {used && (
          <Text size="xs" c="dimmed" className="tabular" title={token.client ?? undefined}>
            {token.spentAt ? timestamp(token.spentAt) : `until ${timestamp(used)}`}
            {address && `, ${address}`}
          </Text>
        )}
      </Table.Td>
      <Table.Td className="tabular" style={{ whiteSpace: 'nowrap' }}>
        {timestamp(token.expiresAt)}
      </Table.Td>
      <Table.Td className="tabular" style={{ whiteSpace: 'nowrap' }}>
        {timestamp(token.createdAt)}
        {token.createdBy && (
          <Text size="xs" c="dimmed">
            {token.createdBy}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Group gap="xs" justify="flex-end" wrap="nowrap">
          {token.status !== 'SPENT' && <RevealButton application={application} id={token.id} hint={token.hint} />}
          <Button size="xs" variant="light" color="red" loading={fetching} onClick={() => void revokeIt()} aria-label={`Revoke token ${token.hint}`}>
            Revoke
          </Button>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function RevealButton({ application, id, hint }: { application: string; id: string; hint: string }) {
  // Kept here and nowhere else: gone when it closes.
  const [secret, setSecret] = useState<string | null>(null);
  const [{ fetching }, reveal] = useMutation(REVEAL);
  const show = async () => {
    const answer = await reveal({ input: { application, id } });
    const payload = answer.data?.revealToken;
    if (payload?.secret) setSecret(payload.secret);
    else {
      const message = payload?.problems[0]?.message ?? (answer.error && failureText(answer.error));
      notifications.show({ color: 'red', message });
    }
  };
  return (
    <Popover opened={secret !== null} onChange={(next) => !next && setSecret(null)} position="bottom-end" withArrow shadow="md">
      <Popover.Target>
        <Button size="xs" variant="default" loading={fetching} onClick={() => void show()} aria-label={`Show token ${hint}`}>
          Show
        </Button>
      </Popover.Target>
      <Popover.Dropdown w={360}>
        <Stack gap="xs">
          {secret && <Copyable label="token" value={secret} />}
          <Text size="xs" c="dimmed">
            That you saw it stands in the audit.
          </Text>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

const STATUS: Record<TokenStatus, { label: string; color: string }> = {
  UNUSED: { label: 'Unused', color: 'sluice' },
  RESERVED: { label: 'Held', color: 'yellow' },
  SPENT: { label: 'Spent', color: 'gray' },
  EXPIRED: { label: 'Expired', color: 'gray' },
};
