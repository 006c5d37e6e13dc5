//! The keys with which machines manage.

import { Button, Group, Modal, Skeleton, Stack, Table, Text, VisuallyHidden } from '@mantine/core';
import { useState } from 'react';
import { useMutation, useQuery } from 'urql';
import { graphql } from '../../gql';
import type { ApiKeysQuery } from '../../gql/graphql';
import { Failure, failureText } from '../components/Failure';
import { Card, Empty, Page } from '../components/Page';
import { Pager } from '../components/Pager';
import { Problems } from '../components/Problems';
import { CreateKey } from '../features/keys/CreateKey';
import { timestamp } from '../lib/format';
import { usePageCursor } from '../lib/hooks';

const KEYS = graphql(`
  query ApiKeys($after: String) {
    applications(first: 250) {
      nodes {
        id
        name
      }
    }
    apiKeys(first: 50, after: $after) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        name
        createdAt
        createdBy
        expiresAt
        grants {
          application
          role
        }
      }
    }
  }
`);

const REVOKE = graphql(`
  mutation RevokeApiKey($input: RevokeApiKeyInput!) {
    revokeApiKey(input: $input) {
      revokedId
      problems {
        code
        message
      }
    }
  }
`);

type Key = ApiKeysQuery['apiKeys']['nodes'][number];

export function Keys() {
  const page = usePageCursor();
  const [revoking, setRevoking] = useState<Key | null>(null);
  const [{ data, error }, refresh] = useQuery({ query: KEYS, variables: { after: page.after } });
  const again = () => refresh({ requestPolicy: 'network-only' });
  const keys = data?.apiKeys;

  return (
    <Page
      title="API keys"
      actions={data && <CreateKey applications={data.applications.nodes.map(({ name }) => name)} onCreated={again} />}
    >
      {error && !data && <Failure error={error} retry={again} />}
      {!keys ? (
        !error && <Skeleton h={160} />
      ) : (
        <Card>
          <Text c="dimmed" size="sm" mb="sm">
            For back ends and scripts. A key can do what it is granted, from anywhere, until it expires or is revoked.
          </Text>
          {keys.nodes.length === 0 ? (
            <Empty>There is no key.</Empty>
          ) : (
            <Table.ScrollContainer minWidth={720}>
              <Table verticalSpacing="xs" aria-label="API keys">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>For</Table.Th>
                    <Table.Th>May</Table.Th>
                    <Table.Th>Made</Table.Th>
                    <Table.Th>Valid until</Table.Th>
                    <Table.Th>
                      <VisuallyHidden>Actions</VisuallyHidden>
                    </Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {keys.nodes.map((key) => (
                    <Table.Tr key={key.id}>
                      <Table.Td fw={600}>{key.name}</Table.Td>
                      <Table.Td>
                        {key.grants.map(({ application, role }) => (
                          <div key={`${application} ${role}`}>
                            {ROLES[role]} in {application ?? 'the whole server'}
                          </div>
                        ))}
                      </Table.Td>
                      <Table.Td className="tabular">
                        {timestamp(key.createdAt)}
                        <Text size="xs" c="dimmed">
                          {key.createdBy}
                        </Text>
                      </Table.Td>
                      <Table.Td className="tabular">{key.expiresAt ? timestamp(key.expiresAt) : 'No end'}</Table.Td>
                      <Table.Td>
                        <Group justify="flex-end">
                          <Button size="xs" variant="light" color="red" onClick={() => setRevoking(key)} aria-label={`Revoke ${key.name}`}>
                            Revoke
                          </Button>
                        </Group>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
          {keys.totalCount > 0 && <Pager page={page} info={keys.pageInfo} total={keys.totalCount} />}
        </Card>
      )}
      {revoking && (
        <Revoke
          apiKey={revoking}
          onClose={() => setRevoking(null)}
          onRevoked={() => {
            setRevoking(null);
            again();
          }}
        />
      )}
    </Page>
  );
}

function Revoke({ apiKey, onClose, onRevoked }: { apiKey: Key; onClose: () => void; onRevoked: () => void }) {
  const [{ data, error, fetching }, revoke] = useMutation(REVOKE);
  const run = async () => {
    const answer = await revoke({ input: { id: apiKey.id } });
    if (answer.data?.revokeApiKey.revokedId) onRevoked();
  };
  return (
    <Modal opened onClose={onClose} title={`Revoke ${apiKey.name}?`}>
      <Stack>
        <Text size="sm">Whatever uses it is locked out at once, and its open subscriptions end.</Text>
        <Problems problems={data?.revokeApiKey.problems ?? []} failure={error && failureText(error)} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button color="red" loading={fetching} onClick={() => void run()}>
            Revoke
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

const ROLES = { VIEWER: 'Read', OPERATOR: 'Manage streams', ADMIN: 'Manage everything' };
