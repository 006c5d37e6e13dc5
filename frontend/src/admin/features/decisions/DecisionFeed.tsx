//! Decisions of the gate as they are made.

import { Table } from '@mantine/core';
import { useSubscription } from 'urql';
import { graphql } from '../../../gql';
import type { DecisionsSubscription, Outcome } from '../../../gql/graphql';
import { Empty } from '../../components/Page';
import { clock } from '../../lib/format';
import { DecisionHead, DecisionRow } from './DecisionRow';

const DECISIONS = graphql(`
  subscription Decisions($application: String, $outcome: Outcome) {
    decisions(application: $application, outcome: $outcome) {
      record {
        id
      }
      at
      outcome
      reason
      application
      streamId
      subscriberId
      operation
      protocol
      address
      durationUs
    }
  }
`);

type Decision = DecisionsSubscription['decisions'];

export function DecisionFeed({ application, outcome }: { application: string | null; outcome: Outcome | null }) {
  const [{ data: feed = [] }] = useSubscription<DecisionsSubscription, Decision[]>(
    { query: DECISIONS, variables: { application, outcome } },
    (earlier = [], next) => [next.decisions, ...earlier].slice(0, KEPT),
  );
  if (feed.length === 0) return <Empty>Waiting for somebody to knock.</Empty>;
  return (
    <Table.ScrollContainer minWidth={820}>
      <Table verticalSpacing={6} aria-label="Live decisions">
        <DecisionHead />
        <Table.Tbody>
          {feed.map(({ record, at, reason, ...decision }) => (
            <DecisionRow key={record.id} {...decision} time={clock(at)} code={reason ?? null} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** Rows of the live feed; older ones are in the audit. */
const KEPT = 100;
