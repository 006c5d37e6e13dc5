//! Why the gate said no, in words. The codes are those of the audit, in either spelling.

/** A sentence for a reason code (`TOKEN_EXPIRED` or `token-expired`); an unknown code is shown readable. */
export function reasonText(code: string): string {
  const key = code.toLowerCase().replaceAll('_', '-');
  return REASONS[key] ?? key.replaceAll('-', ' ');
}

const REASONS: Record<string, string> = {
  'unknown-application': 'There is no application of this name',
  'stream-id-missing': 'No stream was named',
  'stream-id-invalid': 'The stream id is not a valid one',
  'unregistered-stream': 'The stream is not registered, and undefined streams are refused',
  'stream-in-use': 'Somebody else is publishing this stream',
  'stream-not-active': 'The stream has expired or is outside its planned window',
  'address-not-allowed': 'The address is not among the allowed publishers',
  blocked: 'The subscriber is blocked',
  'publisher-limit': 'The limit of publishers is reached',
  'room-full': 'The room has as many members as it may have',
  'viewer-limit': 'The limit of viewers is reached',
  'concurrency-limit': 'The subscriber has as many connections as it may have',
  'token-missing': 'No token was shown',
  'token-invalid': 'The token is not valid for this stream and operation',
  'token-expired': 'The token has expired',
  'token-spent': 'The token was used before',
  'hash-invalid': 'The hash is missing or wrong',
  'jwt-missing': 'No JWT was shown',
  'jwt-invalid': 'The JWT is not valid for this stream and operation',
  'jwt-expired': 'The JWT has expired',
  'code-missing': 'Subscriber id or code is missing',
  'subscriber-unknown': 'The subscriber is not registered for this stream',
  'subscriber-type-mismatch': 'The subscriber may not do this',
  'code-invalid': 'The code is wrong or expired',
  'code-replayed': 'The code was used before by another client',
  'too-many-guesses': 'Too many wrong codes; paused for a while',
  'secret-not-configured': 'A secret that this mode needs is not set',
  'webhook-refused': 'The authorization webhook refused',
  'webhook-unreachable': 'The authorization webhook did not answer',
  'stream-absent': 'The stream does not exist or is not live',
  'playback-disabled': 'Playback over RTMP is switched off',
  'webrtc-disabled': 'WebRTC is switched off',
  'resource-limit': 'The server is at its limit',
  'authority-unreachable': 'Nobody could decide in time',
};

/** Every reason that the gate has, as GraphQL spells it. */
export const REASON_CODES: readonly string[] = Object.keys(REASONS).map((code) => code.toUpperCase().replaceAll('-', '_'));
