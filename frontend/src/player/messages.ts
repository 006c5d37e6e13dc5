//! The sentences that a viewer reads. Calm, and each says what happens next.

import type { Status } from './controller';
import { wordsFor } from '../webrtc/words';

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
      return { title: blockedTitle(status.until), text: 'Playback resumes by itself.', busy: true };
    case 'reconnecting':
      return { title: 'Connection lost', text: 'Reconnecting by itself.', busy: true };
    case 'unavailable':
      return {
        title: status.definition === undefined ? 'The server cannot answer right now' : wordsFor(status.definition, 'watch').title,
        text: 'Trying again by itself.',
        busy: true,
      };
    case 'refused': {
      // A code is good for a minute or two, not until the stream comes back.
      if (status.ended) return { title: 'The stream has ended', text: 'To watch when it is back, show a fresh code or token.', busy: false };
      const { title, text } = wordsFor(status.definition ?? 'unauthorized_access', 'watch');
      return { title, text, busy: false };
    }
  }
}

function blockedTitle(until: number | undefined): string {
  if (until === undefined) return 'You are blocked for now';
  const end = new Date(until);
  const today = end.toDateString() === new Date().toDateString();
  const time = end.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  return `You are blocked until ${today ? time : `${end.toLocaleDateString()}, ${time}`}`;
}

/** The note about entries of `playOrder` that this page does not play. */
export function skippedNote(skipped: string[]): string | undefined {
  return skipped.length === 0 ? undefined : `Not offered here yet: ${skipped.join(', ')}.`;
}
