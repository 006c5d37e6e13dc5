//! The login: one GraphQL client per login, replaced when it changes.

import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from 'react';
import { Provider } from 'urql';
import { readLoginToken, writeLoginToken } from '../../shared/login-token';
import { connect } from './client';

interface Session {
  /** Takes a token from now on; `null` forgets it. */
  setToken(token: string | null): void;
}

const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error('outside of SessionProvider');
  return session;
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [generation, setGeneration] = useState(0);

  const setToken = useCallback((token: string | null) => {
    writeLoginToken(token);
    setGeneration((current) => current + 1);
  }, []);

  const connection = useMemo(
    () =>
      connect(() => {
        // Only once per login: without a token there is nothing to forget.
        if (readLoginToken() !== null) setToken(null);
      }),
    // A new login is a new connection.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [generation, setToken],
  );
  useEffect(() => connection.close, [connection]);

  const session = useMemo(() => ({ setToken }), [setToken]);
  return (
    <SessionContext value={session}>
      <Provider value={connection.client} key={generation}>
        {children}
      </Provider>
    </SessionContext>
  );
}
