//! What proves that somebody may publish or watch, as addresses of pages name it.

/** Held in memory only: never in a log, and in no address but the one request that it belongs to. */
export interface Credentials {
  /** A one-time token, a JWT or a hash. */
  token?: string;
  subscriberId?: string;
  subscriberCode?: string;
}

/** Reads a page's query. Blanks around values are dropped: codes are pasted with them. */
export function readCredentials(values: URLSearchParams): Credentials {
  return {
    token: textOf(values, 'token') ?? textOf(values, 'jwt'),
    subscriberId: textOf(values, 'subscriberId'),
    subscriberCode: textOf(values, 'subscriberCode'),
  };
}

/** A value without blanks around it; `undefined` when it is missing or empty. */
export function textOf(values: URLSearchParams, name: string): string | undefined {
  return values.get(name)?.trim() || undefined;
}
