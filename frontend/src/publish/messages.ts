//! The sentences that a publisher reads.

import type { Figures } from '../webrtc/meter';
import type { PublishState } from '../webrtc/publish';
import { wordsFor, type Words } from '../webrtc/words';
import type { DeviceProblem } from './devices';

/** Beside the picture, in one or two words. */
export function badgeFor(state: PublishState | undefined): string {
  switch (state?.kind) {
    case 'connecting':
      return 'Connecting';
    case 'live':
      return 'Live';
    case 'reconnecting':
      return 'Reconnecting';
    default:
      return 'Preview';
  }
}

/** What to tell about a state; `undefined` when the badge says enough. */
export function messageFor(state: PublishState): Words | undefined {
  switch (state.kind) {
    case 'connecting':
    case 'live':
      return undefined;
    case 'reconnecting':
      return { title: 'Connection lost', text: 'Viewers wait; going on air again by itself.' };
    case 'ended':
      return state.by === 'us'
        ? { title: 'You are off the air', text: 'Nobody sees or hears you.' }
        : { title: 'The server ended your stream', text: 'Nobody sees or hears you. Start again if you may.' };
    case 'refused': {
      const words = wordsFor(state.definition, 'publish');
      if (state.definition !== 'user_blocked' || state.until === undefined) return words;
      return { ...words, title: `You are blocked from publishing until ${new Date(state.until).toLocaleTimeString()}` };
    }
  }
}

export function deviceMessage(problem: DeviceProblem, anything: boolean): Words {
  switch (problem) {
    case 'insecure':
      return {
        title: 'Camera and microphone need HTTPS',
        text: 'Browsers open them for secure pages only. Come back over https://, or from the machine itself over http://localhost.',
      };
    case 'denied':
      return {
        title: 'Camera and microphone are not allowed',
        text: 'Allow them for this page in the browser’s address bar, then reload.',
      };
    case 'busy':
      return {
        title: anything ? 'One of your devices is in use' : 'Camera and microphone are in use',
        text: 'Close the program that uses it, then reload.',
      };
    case 'missing':
      return anything
        ? { title: 'Camera or microphone is missing', text: 'You can go live with the other one alone.' }
        : { title: 'No camera and no microphone', text: 'Plug one in and reload, or share your screen.' };
  }
}

/** What is being sent, in one line. */
export function figuresLine(figures: Figures): string {
  const { videoKbps, audioKbps, width, height, framesPerSecond, roundTripMs } = figures;
  const parts: string[] = [];
  const kbps = (videoKbps ?? 0) + (audioKbps ?? 0);
  if (videoKbps !== undefined || audioKbps !== undefined) {
    parts.push(kbps >= 1000 ? `${(kbps / 1000).toFixed(1)} Mbit/s` : `${Math.round(kbps)} kbit/s`);
  }
  if (width !== undefined && height !== undefined) parts.push(`${width} × ${height}`);
  if (framesPerSecond !== undefined) parts.push(`${Math.round(framesPerSecond)} fps`);
  if (roundTripMs !== undefined) parts.push(`${Math.round(roundTripMs)} ms`);
  return parts.join(' · ');
}

/** Time on air as a clock shows it. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  return `${hours > 0 ? `${hours}:` : ''}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
