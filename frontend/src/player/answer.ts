//! What an HTTP status means for a viewer.

export type Answer =
  | { kind: 'ready' }
  /** Blocked for a while; the same session plays again when the block ends. */
  | { kind: 'blocked' }
  /** Missing, wrong or expired credentials: asking again cannot help. */
  | { kind: 'refused' }
  /** The stream is not on air. */
  | { kind: 'absent'; retryAfterMs: number }
  /** Nobody could answer now. */
  | { kind: 'unavailable'; retryAfterMs: number };

/** Reads a status and its `Retry-After`. Status 0 stands for "no answer at all". */
export function readAnswer(status: number, retryAfter?: string | null): Answer {
  const retryAfterMs = parseRetryAfter(retryAfter);
  if (status >= 200 && status < 300) return { kind: 'ready' };
  if (status === 401) return { kind: 'blocked' };
  if (status === 404 || status === 410) return { kind: 'absent', retryAfterMs };
  if (status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429) return { kind: 'refused' };
  return { kind: 'unavailable', retryAfterMs };
}

/** Seconds of a `Retry-After` header in milliseconds, kept between one second and half a minute; else the default. */
function parseRetryAfter(value: string | null | undefined): number {
  const seconds = value ? Number(value) : Number.NaN;
  if (!Number.isFinite(seconds) || seconds < 0) return RETRY_MS;
  return Math.min(Math.max(seconds * 1000, 1000), 30_000);
}

/** Between two tries while the stream is absent, and between two technologies. */
export const RETRY_MS = 3000;
/** Before a broken connection is made anew. */
export const RECONNECT_MS = 1000;
/** Between two tries while blocked: playback resumes within this time of the block's end. */
export const BLOCKED_RETRY_MS = 2000;
