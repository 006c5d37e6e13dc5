//! Small hooks that several features need.

import { useEffect, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';

/** Calls `action` every `ms` while the page is visible. */
export function usePolling(action: () => void, ms: number): void {
  const latest = useRef(action);
  useEffect(() => {
    latest.current = action;
  });
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) latest.current();
    }, ms);
    return () => clearInterval(timer);
  }, [ms]);
}

/** The current time, renewed every second. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** A filter that lives in the address; setting it returns to the first page. */
export function useFilter(name: string): [string, (value: string) => void] {
  const [parameters, setParameters] = useSearchParams();
  const set = (value: string) =>
    setParameters(
      (current) => {
        const next = new URLSearchParams(current);
        if (value === '') next.delete(name);
        else next.set(name, value);
        next.delete('after');
        return next;
      },
      { replace: true },
    );
  return [parameters.get(name) ?? '', set];
}

/** The page of a list, as the cursor that lives in the address. */
export function usePageCursor(name = 'after'): { after: string | null; next: (cursor: string) => void; first: () => void } {
  const [parameters, setParameters] = useSearchParams();
  const set = (cursor: string | null) =>
    setParameters((current) => {
      const next = new URLSearchParams(current);
      if (cursor === null) next.delete(name);
      else next.set(name, cursor);
      return next;
    });
  return { after: parameters.get(name), next: set, first: () => set(null) };
}
