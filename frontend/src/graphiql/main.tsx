//! GraphiQL for browsers that open /graphql. Everything is bundled; nothing is asked of any other host.

import 'graphiql/setup-workers/vite';
import 'graphiql/style.css';
import './graphiql.css';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL, HISTORY_PLUGIN } from 'graphiql';
import { createClient } from 'graphql-ws';
import { createRoot } from 'react-dom/client';
import { authorization, socketUrl } from '../shared/login-token';
import { RunWhenReady } from './RunWhenReady';
import { SAMPLES } from './samples';

const socket = createClient({ url: socketUrl(), connectionParams: authorization });

const fetcher = createGraphiQLFetcher({
  url: '/graphql',
  wsClient: socket,
  // Read anew for every request: one may log in or out in another tab.
  fetch: (input, init) =>
    fetch(input, { ...init, headers: { ...authorization(), ...(init?.headers as Record<string, string>) } }),
});

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no #root');

createRoot(root).render(
  <GraphiQL
    fetcher={fetcher}
    plugins={[HISTORY_PLUGIN]}
    defaultQuery={SAMPLES.welcome.trimStart()}
    defaultTabs={Object.values(SAMPLES).map((query) => ({ query: query.trimStart() }))}
    inputValueDeprecation
  >
    <GraphiQL.Logo>
      <a href="/admin/" className="sluice-logo">
        Sluice
      </a>
      <RunWhenReady />
    </GraphiQL.Logo>
  </GraphiQL>,
);
