//! The first page: what stands open, what is on air, who watches.

import { Skeleton, Stack } from '@mantine/core';
import { useQuery } from 'urql';
import { graphql } from '../../gql';
import { Failure } from '../components/Failure';
import { Card, Empty, Page } from '../components/Page';
import { BroadcastTable } from '../features/broadcasts/BroadcastTable';
import { OpenDoors } from '../features/overview/OpenDoors';
import { ServerFigures } from '../features/overview/ServerFigures';
import { Workers } from '../features/overview/Workers';
import { usePolling } from '../lib/hooks';

const OVERVIEW = graphql(`
  query Overview {
    workers {
      id
      ...Workers_worker
    }
    applications(first: 20) {
      nodes {
        id
        ...OpenDoors_application
        broadcasts(first: 25, filter: { status: BROADCASTING }) {
          nodes {
            id
            ...BroadcastTable_broadcast
          }
        }
      }
    }
  }
`);

export function Overview() {
  const [{ data, error }, refresh] = useQuery({ query: OVERVIEW });
  const again = () => refresh({ requestPolicy: 'network-only' });
  usePolling(again, 3000);
  const applications = data?.applications.nodes ?? [];
  const live = applications.flatMap((application) => application.broadcasts.nodes);

  return (
    <Page title="Overview">
      <ServerFigures />
      {error && !data && <Failure error={error} retry={again} />}
      <Stack gap="xs" component="section" aria-label="What stands open">
        {applications.map((application) => (
          <OpenDoors key={application.id} application={application} />
        ))}
      </Stack>
      <Workers workers={data?.workers ?? []} onChanged={again} />
      <Card title="On air">
        {!data ? (
          <Skeleton h={80} />
        ) : live.length === 0 ? (
          <Empty>Nothing is live. Point an encoder at an application, and it shows here.</Empty>
        ) : (
          <BroadcastTable broadcasts={live} showApplication />
        )}
      </Card>
    </Page>
  );
}
