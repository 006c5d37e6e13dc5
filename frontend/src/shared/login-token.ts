//! The login's access token, as the admin stores it and GraphiQL uses it. Both pages come from the same origin.

const KEY = 'sluice.token';

export function readLoginToken(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    // Storage may be switched off; then a login lasts as long as its cookie.
    return null;
  }
}

export function writeLoginToken(token: string | null): void {
  try {
    if (token === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, token);
  } catch {
    // See above.
  }
}

/** Header and connection parameter that carry a login. Empty without one. */
export function authorization(): Record<string, string> {
  const token = readLoginToken();
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

/** The GraphQL endpoint of this origin for subscriptions. */
export function socketUrl(): string {
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/graphql`;
}
