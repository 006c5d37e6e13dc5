//! The sentences that a viewer reads. Calm, and each says what happens next.

import type { Status } from './controller';

export interface Message {
  title: string;
  text: string;
  /** Something is going on by itself: show that it is. */
  busy: boolean;
}

/** What to lay over the picture; `undefined` when nothing should. */
export function messageFor(status: Status): Message | undefined {
  switch (status.state) {
    case 'idle':
    case 'playing':
      return undefined;
    case 'connecting':
      return { title: 'Connecting', text: 'Asking for the stream…', busy: true };
    case 'waiting':
      return status.ended
        ? { title: 'The stream has ended', text: 'Playback starts again by itself if it comes back.', busy: true }
        : { title: 'Stream is not live yet', text: 'Playback starts by itself as soon as it is.', busy: true };
    case 'blocked':
      return { title: 'You are blocked for now', text: 'Playback resumes by itself.', busy: true };
    case 'unavailable':
      return { title: 'The server cannot answer right now', text: 'Trying again by itself.', busy: true };
    case 'refused':
      return {
        title: 'You are not allowed to watch',
        text: 'Code or token missing, wrong or expired.',
        busy: false,
      };
  }
}

/** The note about entries of `playOrder` that this page does not play. */
export function skippedNote(skipped: string[]): string | undefined {
  return skipped.length === 0 ? undefined : `Not offered here yet: ${skipped.join(', ')}.`;
}
