//! Every coming and going of a broadcast's subscribers that is kept, filtered and by pages.

import { Group, SegmentedControl, Skeleton, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useQuery } from 'urql';
import { graphql } from '../../../gql';
import type { ConnectionEventKind } from '../../../gql/graphql';
import { Failure } from '../../components/Failure';
import { Card, Empty } from '../../components/Page';
import { Pager } from '../../components/Pager';
import { useFilter, usePageCursor, usePolling } from '../../lib/hooks';
import { ConnectionEvents } from './ConnectionEvents';

const EVENTS = graphql(`
  query ConnectionEvents($application: String!, $streamId: String!, $filter: ConnectionEventFilter, $after: String) {
    broadcast(application: $application, streamId: $streamId) {
      id
      connectionEvents(first: 50, filter: $filter, after: $after) {
        totalCount
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          id
          ...ConnectionEvents_connectionEvent
        }
      }
    }
  }
`);

export function EventLog({ application, streamId }: { application: string; streamId: string }) {
  const [kind, setKind] = useFilter('kind');
  const [subscriberId, setSubscriberId] = useFilter('subscriber');
  const page = usePageCursor();
  const filter = { kind: (kind || null) as ConnectionEventKind | null, subscriberId: subscriberId || null };
  const [{ data, error }, refresh] = useQuery({ query: EVENTS, variables: { application, streamId, filter, after: page.after } });
  const again = () => refresh({ requestPolicy: 'network-only' });
  usePolling(again, 5000);
  const subscriberSoon = useDebouncedCallback(setSubscriberId, 300);
  const events = data?.broadcast?.connectionEvents;

  return (
    <Card title="Came and went" hint="Of subscribers who said who they are. A viewer over HTTP leaves when it stops asking.">
      <Group mb="sm">
        <SegmentedControl
          aria-label="Kind of event"
          value={kind}
          onChange={setKind}
          data={[
            { value: '', label: 'All' },
            { value: 'CONNECTED', label: 'Came' },
            { value: 'DISCONNECTED', label: 'Left' },
          ]}
        />
        <TextInput
          aria-label="Subscriber id"
          placeholder="Subscriber id"
          defaultValue={subscriberId}
          onChange={(event) => subscriberSoon(event.currentTarget.value.trim())}
        />
      </Group>
      {error && !data && <Failure error={error} retry={again} />}
      {!events ? (
        !error && <Skeleton h={120} />
      ) : events.nodes.length === 0 ? (
        <Empty>{kind || subscriberId ? 'No event matches.' : 'No subscriber has connected yet.'}</Empty>
      ) : (
        <ConnectionEvents events={events.nodes} />
      )}
      {events && <Pager page={page} info={events.pageInfo} total={events.totalCount} />}
    </Card>
  );
}
