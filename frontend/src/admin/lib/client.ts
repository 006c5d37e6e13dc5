//! The connection to the GraphQL API: requests over HTTP, subscriptions over one WebSocket.

import { cacheExchange, Client, CombinedError, fetchExchange, mapExchange, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import { authorization, socketUrl } from '../../shared/login-token';

/**
 * A client for the current login. Make a new one when the login changes: it starts with an empty cache and a new
 * socket. `onLoggedOut` is called when the server no longer knows the login.
 */
export function connect(onLoggedOut: () => void): { client: Client; close: () => void } {
  const socket = createClient({
    url: socketUrl(),
    connectionParams: authorization,
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    // Pages share the socket: keep it while one goes from one to the next.
    lazyCloseTimeout: 10_000,
    // Quick at first, then every ten seconds, so that a restart of the server is hardly noticed.
    retryWait: (retries) => new Promise((resolve) => setTimeout(resolve, Math.min(10_000, 500 * 2 ** retries))),
    on: {
      closed: (event) => {
        // 4403 is a change of roles: the socket opens again with the new ones.
        if (event instanceof CloseEvent && event.code === 4401) onLoggedOut();
      },
    },
  });
  const client = new Client({
    url: '/graphql',
    preferGetMethod: false,
    requestPolicy: 'cache-and-network',
    fetchOptions: () => ({ headers: authorization(), credentials: 'same-origin' }),
    exchanges: [
      mapExchange({
        onError: (error) => {
          if (isUnauthenticated(error)) onLoggedOut();
        },
      }),
      cacheExchange,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({
            unsubscribe: socket.subscribe({ query: request.query ?? '', variables: request.variables }, sink),
          }),
        }),
      }),
    ],
  });
  return { client, close: () => void socket.dispose() };
}

/** True when the server asks for a login. */
export function isUnauthenticated(error: CombinedError): boolean {
  return (
    error.response?.status === 401 ||
    error.graphQLErrors.some((entry) => entry.extensions['code'] === 'UNAUTHENTICATED')
  );
}
