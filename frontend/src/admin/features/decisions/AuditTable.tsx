//! The stored audit, the newest first.

import { Skeleton, Table } from '@mantine/core';
import { useQuery } from 'urql';
import { graphql } from '../../../gql';
import type { AuditFilter } from '../../../gql/graphql';
import { Failure } from '../../components/Failure';
import { Empty } from '../../components/Page';
import { Pager } from '../../components/Pager';
import { timestamp } from '../../lib/format';
import { usePageCursor } from '../../lib/hooks';
import { DecisionHead, DecisionRow } from './DecisionRow';

const AUDIT = graphql(`
  query Audit($filter: AuditFilter, $after: String) {
    audit(first: 50, filter: $filter, after: $after) {
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
      }
    }
  }
`);

export function AuditTable({ filter }: { filter: AuditFilter }) {
  const page = usePageCursor();
  const [{ data, error }, refresh] = useQuery({ query: AUDIT, variables: { filter, after: page.after } });
  if (error && !data) return <Failure error={error} retry={() => refresh({ requestPolicy: 'network-only' })} />;
  if (!data) return <Skeleton h={200} />;
  const { nodes, pageInfo } = data.audit;
  if (nodes.length === 0) return <Empty>No record matches.</Empty>;
  return (
    <>
      <Table.ScrollContainer minWidth={860}>
        <Table verticalSpacing={6} aria-label="Audit">
          <DecisionHead />
          <Table.Tbody>
            {nodes.map(({ id, at, kind, code, ...record }) => (
              <DecisionRow
                key={id}
                {...record}
                time={timestamp(at)}
                code={kind === 'DECISION' && record.outcome === 'ALLOWED' ? null : code}
              />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Pager page={page} info={pageInfo} />
    </>
  );
}
