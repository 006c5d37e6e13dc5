//! The broadcasts of one application. Filter and page are in the address.

import { Group, SegmentedControl, Skeleton, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useParams } from 'react-router';
import { useQuery } from 'urql';
import { graphql } from '../../gql';
import type { BroadcastStatus } from '../../gql/graphql';
import { Failure } from '../components/Failure';
import { Card, Empty, Page } from '../components/Page';
import { Pager } from '../components/Pager';
import { BroadcastTable } from '../features/broadcasts/BroadcastTable';
import { CreateBroadcast } from '../features/broadcasts/CreateBroadcast';
import { OpenDoors } from '../features/overview/OpenDoors';
import { useFilter, usePageCursor, usePolling } from '../lib/hooks';
import { NotFound } from './NotFound';

const BROADCASTS = graphql(`
  query Broadcasts($application: String!, $filter: BroadcastFilter, $after: String) {
    application(name: $application) {
      id
      ...OpenDoors_application
      broadcasts(first: 50, filter: $filter, after: $after) {
        totalCount
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          id
          ...BroadcastTable_broadcast
        }
      }
    }
  }
`);

export function Broadcasts() {
  const { application = '' } = useParams();
  const [search, setSearch] = useFilter('search');
  const [status, setStatus] = useFilter('status');
  const page = usePageCursor();
  const filter = { search: search || null, status: (status || null) as BroadcastStatus | null };
  const [{ data, error }, refresh] = useQuery({
    query: BROADCASTS,
    variables: { application, filter, after: page.after },
  });
  const again = () => refresh({ requestPolicy: 'network-only' });
  usePolling(again, 3000);
  const searchSoon = useDebouncedCallback(setSearch, 250);

  if (data?.application === null) return <NotFound />;
  const broadcasts = data?.application?.broadcasts;
  return (
    <Page title={`${application} broadcasts`} actions={<CreateBroadcast application={application} onCreated={again} />}>
      {error && !data && <Failure error={error} retry={again} />}
      {data?.application && <OpenDoors application={data.application} />}
      <Card>
        <Group mb="sm">
          <TextInput
            aria-label="Search by stream id or name"
            placeholder="Stream id or name"
            defaultValue={search}
            onChange={(event) => searchSoon(event.currentTarget.value.trim())}
            w={260}
          />
          <SegmentedControl
            aria-label="Status"
            value={status}
            onChange={setStatus}
            data={[
              { value: '', label: 'All' },
              { value: 'BROADCASTING', label: 'Live' },
              { value: 'CREATED', label: 'Not started' },
              { value: 'FINISHED', label: 'Ended' },
            ]}
          />
        </Group>
        {!broadcasts ? (
          <Skeleton h={120} />
        ) : broadcasts.nodes.length === 0 ? (
          <Empty>{search || status ? 'No broadcast matches.' : 'No broadcast yet.'}</Empty>
        ) : (
          <BroadcastTable broadcasts={broadcasts.nodes} />
        )}
        {broadcasts && <Pager page={page} info={broadcasts.pageInfo} total={broadcasts.totalCount} />}
      </Card>
    </Page>
  );
}
