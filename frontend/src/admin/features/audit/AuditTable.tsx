//! The stored audit: every decision, act of management and login.

import { Badge, Skeleton, Table, Text } from '@mantine/core';
import { useQuery } from 'urql';
import { graphql } from '../../../gql';
import type { AuditFilter, AuditOrder, AuditQuery } from '../../../gql/graphql';
import { Failure } from '../../components/Failure';
import { Empty } from '../../components/Page';
import { Pager } from '../../components/Pager';
import { protocolName, timestamp } from '../../lib/format';
import { usePageCursor } from '../../lib/hooks';
import { reasonText } from '../../lib/reasons';

const AUDIT = graphql(`
  query Audit($filter: AuditFilter, $orderBy: AuditOrder!, $after: String) {
    audit(first: 50, filter: $filter, orderBy: $orderBy, after: $after) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        at
        kind
        outcome
        code
        actor
        application
        streamId
        subscriberId
        operation
        protocol
        address
        durationUs
        detail
      }
    }
  }
`);

type Entry = AuditQuery['audit']['nodes'][number];

export function AuditTable({ filter, orderBy }: { filter: AuditFilter; orderBy: AuditOrder }) {
  const page = usePageCursor();
  const [{ data, error }, refresh] = useQuery({ query: AUDIT, variables: { filter, orderBy, after: page.after } });
  if (error && !data) return <Failure error={error} retry={() => refresh({ requestPolicy: 'network-only' })} />;
  if (!data) return <Skeleton h={200} />;
  const { nodes, pageInfo, totalCount } = data.audit;
  if (nodes.length === 0) return <Empty>No record matches.</Empty>;
  return (
    <>
      <Table.ScrollContainer minWidth={960}>
        <Table verticalSpacing={6} aria-label="Audit" striped="even">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Time</Table.Th>
              <Table.Th>Answer</Table.Th>
              <Table.Th>What</Table.Th>
              <Table.Th>Stream</Table.Th>
              <Table.Th>Who</Table.Th>
              <Table.Th>From</Table.Th>
              <Table.Th ta="right">Took</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {nodes.map((entry) => (
              <Row key={entry.id} entry={entry} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Pager page={page} info={pageInfo} total={totalCount} />
    </>
  );
}

function Row({ entry }: { entry: Entry }) {
  const { at, outcome, actor, application, streamId, subscriberId, address, durationUs } = entry;
  const denied = outcome === 'DENIED';
  const took = Number(durationUs) / 1000;
  const { title, more } = words(entry);
  return (
    <Table.Tr>
      <Table.Td className="tabular" style={{ whiteSpace: 'nowrap' }}>
        {timestamp(at)}
      </Table.Td>
      <Table.Td>
        <Badge color={denied ? 'red' : 'sluice'} variant="light" tt="none" miw={76}>
          {denied ? 'Denied' : 'Allowed'}
        </Badge>
      </Table.Td>
      <Table.Td miw={180} maw={360}>
        <Text size="sm">{title}</Text>
        {more && (
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {more}
          </Text>
        )}
      </Table.Td>
      <Table.Td miw={120} style={{ overflowWrap: 'anywhere' }}>
        {[application, streamId].filter(Boolean).join(' / ') || '–'}
      </Table.Td>
      <Table.Td miw={150} style={{ overflowWrap: 'anywhere' }}>
        {actor ?? subscriberId ?? '–'}
        {actor && subscriberId && (
          <Text size="xs" c="dimmed">
            about {subscriberId}
          </Text>
        )}
      </Table.Td>
      <Table.Td className="tabular">{address ?? '–'}</Table.Td>
      <Table.Td className="tabular" ta="right" style={{ whiteSpace: 'nowrap' }}>
        {took > 0 ? `${took.toFixed(1)} ms` : '–'}
      </Table.Td>
    </Table.Tr>
  );
}

/** What happened, and what else is known of it. */
function words({ kind, outcome, code, operation, protocol, detail }: Entry): { title: string; more: string } {
  const asked = operation && `${operation === 'PLAY' ? 'Play' : 'Publish'}${protocol ? `, ${protocolName(protocol)}` : ''}`;
  if (kind === 'DECISION' && outcome === 'ALLOWED') return { title: asked ?? 'Let in', more: detail ? `by ${detail}` : '' };
  const title = reasonText(code);
  // The detail of a refusal says the reason again.
  const more = kind === 'DECISION' ? (asked ?? '') : [asked, detail].filter(Boolean).join(' · ');
  return { title: title.charAt(0).toUpperCase() + title.slice(1), more };
}
