//! Which page stands at which address, and what comes before any page: the first administrator, then the login.

import { Center, Loader } from '@mantine/core';
import { Route, Routes } from 'react-router';
import { useQuery } from 'urql';
import { graphql } from '../gql';
import { Failure } from './components/Failure';
import { Shell } from './components/Shell';
import { FirstAdministrator } from './features/login/FirstAdministrator';
import { LoginForm } from './features/login/LoginForm';
import { Audit } from './routes/Audit';
import { Broadcast } from './routes/Broadcast';
import { Broadcasts } from './routes/Broadcasts';
import { Decisions } from './routes/Decisions';
import { Keys } from './routes/Keys';
import { NotFound } from './routes/NotFound';
import { Overview } from './routes/Overview';
import { Settings } from './routes/Settings';

const WHO = graphql(`
  query Who {
    viewer {
      kind
      name
      role
    }
    server {
      version
      firstAdministratorMissing
    }
  }
`);

export function App() {
  const [{ data, error, fetching }, again] = useQuery({ query: WHO });
  if (!data) {
    if (error && !fetching) return <Failure error={error} retry={() => again({ requestPolicy: 'network-only' })} />;
    return (
      <Center h="100dvh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  if (data.server.firstAdministratorMissing) {
    return (
      <FirstAdministrator
        setUpCodeNeeded={data.viewer.kind !== 'LOCAL'}
        onCreated={() => again({ requestPolicy: 'network-only' })}
      />
    );
  }
  if (data.viewer.kind === 'ANONYMOUS') return <LoginForm />;
  return (
    <Shell viewer={data.viewer} version={data.server.version}>
      <Routes>
        <Route index element={<Overview />} />
        <Route path="decisions" element={<Decisions />} />
        <Route path="audit" element={<Audit />} />
        <Route path="keys" element={<Keys />} />
        <Route path="applications/:application/broadcasts" element={<Broadcasts />} />
        <Route path="applications/:application/broadcasts/:streamId" element={<Broadcast />} />
        <Route path="applications/:application/settings" element={<Settings />} />
        <Route path="*" element={<NotFound />} />
      </Routes>
    </Shell>
  );
}
