//! What every way to play looks like to the rest of the page.

import type { Held, PlayEnd } from './controller';
import type { Technology } from './parameters';

/** One error of a media library, without any address in it: addresses hold tickets. */
export interface PlayerError {
  technology: Technology | null;
  /** The library's own words, for example `networkError` and `fragLoadError`. */
  type: string;
  details: string;
  fatal: boolean;
  /** The HTTP status behind it, when there is one. */
  status?: number;
  /** Milliseconds since the page was opened. */
  atMs: number;
}

export interface EngineContext {
  video: HTMLVideoElement;
  /** The manifest with the query of its first request, or the signaling. */
  url: string;
  withCredentials: boolean;
  /** A finished manifest is then no reason to play it again. */
  endedBefore: boolean;
  /** Starts the video, muted if it must be. The engine calls it as soon as the element may play. */
  start(): void;
  /** Media arrives. Engines whose media the element plays as it comes say it; for the others the element does. */
  onStarted(): void;
  onHeld(held: Held): void;
  /** The query that media addresses carry: the viewer's ticket. */
  onSession(query: string): void;
  onError(error: Omit<PlayerError, 'technology' | 'atMs'>): void;
  /** Called once, by whatever ends playback. */
  end(end: PlayEnd): void;
}

/** A name and what is measured. */
export type Figure = readonly [name: string, value: string];

export interface Engine {
  /** Seconds behind the live edge; `undefined` when unknown or not live. */
  latencySeconds(): number | undefined;
  isLive(): boolean;
  seekToLive(): void;
  /** What is worth showing to people who look for the cause of something, beside what the element tells. */
  figures?(): Figure[];
  destroy(): void;
}
