//! One broadcast: its picture of now, who may use it, who does, and why somebody may not. Each in a tab of its own.

import { Alert, Button, Skeleton, Stack, Tabs } from '@mantine/core';
import { useThrottledCallback } from '@mantine/hooks';
import { useState } from 'react';
import { useParams, useSearchParams } from 'react-router';
import { useQuery, useSubscription } from 'urql';
import { graphql } from '../../gql';
import { Failure } from '../components/Failure';
import { Icon } from '../components/Icon';
import { LiveBadge } from '../components/LiveBadge';
import { Card, Empty, Page } from '../components/Page';
import { Pager } from '../components/Pager';
import { ExplainAccess } from '../features/access/ExplainAccess';
import { BlockButton } from '../features/blocks/BlockButton';
import { UnblockButton } from '../features/blocks/UnblockButton';
import { Addresses } from '../features/broadcasts/Addresses';
import { LivePicture } from '../features/broadcasts/LivePicture';
import { StopButton } from '../features/broadcasts/StopButton';
import { DisconnectButton } from '../features/sessions/DisconnectButton';
import { EventLog } from '../features/sessions/EventLog';
import { SessionTable } from '../features/sessions/SessionTable';
import { CodeButton } from '../features/subscribers/CodeButton';
import { CreateSubscriber } from '../features/subscribers/CreateSubscriber';
import { SubscriberTable } from '../features/subscribers/SubscriberTable';
import { Tokens } from '../features/tokens/Tokens';
import { usePageCursor, usePolling } from '../lib/hooks';
import { NotFound } from './NotFound';

const BROADCAST = graphql(`
  query Broadcast($application: String!, $streamId: String!, $subscribersAfter: String) {
    broadcast(application: $application, streamId: $streamId) {
      id
      name
      status
      live {
        ...LivePicture_liveStream
      }
      ...Addresses_broadcast
      subscribers(first: 50, after: $subscribersAfter) {
        totalCount
        pageInfo {
          hasNextPage
          endCursor
        }
        nodes {
          id
          ...SubscriberTable_subscriber
        }
      }
      sessions(first: 100, filter: { open: true }) {
        totalCount
        nodes {
          id
          ...SessionTable_session
        }
      }
    }
  }
`);

const SESSION_EVENTS = graphql(`
  subscription SessionEvents($application: String!, $streamId: String!) {
    sessionEvents(application: $application, streamId: $streamId) {
      kind
      at
    }
  }
`);

export function Broadcast() {
  const { application = '', streamId = '' } = useParams();
  const [parameters, setParameters] = useSearchParams();
  const tab = TABS.find(({ value }) => value === parameters.get('tab'))?.value ?? 'now';
  const subscribersPage = usePageCursor('subscribers');
  const [result, setResult] = useState<string>();
  const [{ data, error }, refresh] = useQuery({
    query: BROADCAST,
    variables: { application, streamId, subscribersAfter: subscribersPage.after },
  });
  const again = () => refresh({ requestPolicy: 'network-only' });
  // Events tell at once that something changed; the slow poll renews the figures between them.
  const soon = useThrottledCallback(again, 500);
  useSubscription({ query: SESSION_EVENTS, variables: { application, streamId } }, (_, event) => {
    soon();
    return event;
  });
  usePolling(again, 5000);

  if (data?.broadcast === null) return <NotFound />;
  const broadcast = data?.broadcast;
  const base = `/applications/${encodeURIComponent(application)}/broadcasts`;
  const names = { application, streamId };
  const changed = (sentence: string) => {
    setResult(sentence);
    again();
  };

  return (
    <Page
      title={streamId}
      path={[{ label: application, to: base }]}
      badge={broadcast && <LiveBadge status={broadcast.status} />}
      actions={
        broadcast && (
          <>
            <Button component="a" href={broadcast.urls.player} target="_blank" rel="noreferrer" variant="default" leftSection={<Icon name="open" />}>
              Open player
            </Button>
            {broadcast.live && <StopButton {...names} onStopped={again} />}
          </>
        )
      }
    >
      {error && !broadcast && <Failure error={error} retry={again} />}
      {result && (
        <Alert
          color="sluice"
          variant="filled"
          role="status"
          withCloseButton
          closeButtonLabel="Dismiss"
          onClose={() => setResult(undefined)}
          // In sight wherever on the page the button was.
          style={{ position: 'sticky', top: 68, zIndex: 10 }}
        >
          {result}
        </Alert>
      )}
      {!broadcast ? (
        <Skeleton h={240} />
      ) : (
        <Tabs
          value={tab}
          // Filters and pages belong to the tab that one leaves.
          onChange={(next) => setParameters(next && next !== 'now' ? { tab: next } : {})}
          keepMounted={false}
        >
          <Tabs.List mb="lg">
            {TABS.map(({ value, label }) => (
              <Tabs.Tab key={value} value={value}>
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="now">
            <Stack gap="lg">
              <Card title="On air">
                {broadcast.live ? (
                  <LivePicture {...names} live={broadcast.live} />
                ) : (
                  <Empty>Not on air. Publish to one of the addresses below.</Empty>
                )}
              </Card>
              <Card title="Addresses">
                <Addresses broadcast={broadcast} />
              </Card>
              <Card
                title="Subscribers"
                hint="Named publishers and players of this broadcast."
                actions={<CreateSubscriber {...names} onCreated={again} />}
              >
                {broadcast.subscribers.nodes.length === 0 ? (
                  <Empty>Nobody is registered.</Empty>
                ) : (
                  <SubscriberTable
                    subscribers={broadcast.subscribers.nodes}
                    actions={({ subscriberId, type }, blocked) => (
                      <>
                        <CodeButton {...names} subscriberId={subscriberId} operation={type ?? 'PLAY'} />
                        {blocked && <UnblockButton {...names} subscriberId={subscriberId} onUnblocked={changed} />}
                        <BlockButton {...names} subscriberId={subscriberId} onBlocked={changed} />
                      </>
                    )}
                  />
                )}
                <Pager page={subscribersPage} info={broadcast.subscribers.pageInfo} total={broadcast.subscribers.totalCount} />
              </Card>
              <Card title={`Open sessions (${broadcast.sessions.totalCount})`}>
                {broadcast.sessions.nodes.length === 0 ? (
                  <Empty>Nobody is connected.</Empty>
                ) : (
                  <SessionTable
                    sessions={broadcast.sessions.nodes}
                    actions={({ id, subscriberId, address }) => (
                      <>
                        {subscriberId && <BlockButton {...names} subscriberId={subscriberId} onBlocked={changed} />}
                        <DisconnectButton application={application} sessionId={id} label={subscriberId ?? address} onDone={again} />
                      </>
                    )}
                  />
                )}
              </Card>
            </Stack>
          </Tabs.Panel>
          <Tabs.Panel value="tokens">
            <Tokens {...names} />
          </Tabs.Panel>
          <Tabs.Panel value="access">
            <ExplainAccess {...names} />
          </Tabs.Panel>
          <Tabs.Panel value="events">
            <EventLog {...names} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Page>
  );
}

const TABS = [
  { value: 'now', label: 'Now' },
  { value: 'tokens', label: 'Tokens' },
  { value: 'access', label: 'Access' },
  { value: 'events', label: 'Events' },
] as const;
