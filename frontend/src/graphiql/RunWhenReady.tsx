//! GraphiQL shows its button to execute before its editors are loaded, and forgets a click that comes in between. On a
//! slow machine that lasts seconds. This remembers such a click and executes once the editors are there.

import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect, useRef } from 'react';

export function RunWhenReady() {
  const ready = useGraphiQL(({ queryEditor, responseEditor }) => Boolean(queryEditor && responseEditor));
  const { run } = useGraphiQLActions();
  const wanted = useRef(false);

  useEffect(() => {
    if (ready) {
      if (wanted.current) {
        wanted.current = false;
        void run();
      }
      return undefined;
    }
    const remember = (event: MouseEvent) => {
      if (event.target instanceof Element && event.target.closest('.graphiql-execute-button')) wanted.current = true;
    };
    document.addEventListener('click', remember, true);
    return () => document.removeEventListener('click', remember, true);
  }, [ready, run]);

  return null;
}
