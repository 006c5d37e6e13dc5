// Hashes and signed tokens made by hand, as a back end of somebody else makes them.

import { createHash, createHmac } from 'node:crypto';

/** Lowercase hex of SHA-256 over stream, role and secret. */
export const hash = (streamId, role, secret) => createHash('sha256').update(`${streamId}${role}${secret}`).digest('hex');

/** A JWT (RFC 7519) signed with HS256, good for an hour or for so many `seconds`. */
export function jwt(streamId, role, secret, seconds = 3600) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { streamId, type: role, exp: Math.floor(Date.now() / 1000) + seconds };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
