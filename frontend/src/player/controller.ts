//! The life of a viewing: find a source, play it, and come back after whatever ended it. Knows neither the page nor a
//! media library; both are handed in.

import { BLOCKED_RETRY_MS, RECONNECT_MS, RETRY_MS, readAnswer, type Answer } from './answer';
import { manifestUrls, withQuery, type Segmented } from './addresses';
import { credentialsQuery, type Parameters, type Technology } from './parameters';
import type { Credentials } from '../shared/credentials';
import { signalingUrl } from '../webrtc/wire';

export type PlayerState =
  /** No stream is named, or nobody pressed play yet. */
  | 'idle'
  | 'connecting'
  | 'playing'
  /** The stream is not on air; tried again and again. */
  | 'waiting'
  /** Blocked for now; tried again and again. */
  | 'blocked'
  /** The connection broke; tried again and again. */
  | 'reconnecting'
  /** Not allowed; waits for other credentials. */
  | 'refused'
  /** The server does not answer; tried again and again. */
  | 'unavailable';

export type Source =
  /** `url` is the manifest, with the query of its first request. */
  | { technology: Segmented; url: string }
  /** `url` is the signaling; what proves the right to watch travels in messages. */
  | { technology: 'webrtc'; url: string; streamId: string; credentials: Credentials };

/** Why playback of a source stopped. */
export type PlayEnd =
  /** The server answered a later request with this status, or, on WebRTC, with this `definition` of the same meaning. */
  | { kind: 'status'; status: number; retryAfter?: string | null; definition?: string }
  /** The stream ended as streams end. */
  | { kind: 'ended' }
  /** It played, and the connection broke. */
  | { kind: 'lost' }
  /** This technology cannot play it here. */
  | { kind: 'failed' };

export interface Environment {
  /** Asks for the headers of `url`; status 0 when nobody answered. */
  probe(url: string, signal: AbortSignal): Promise<{ status: number; retryAfter: string | null }>;
  /** Plays until something ends it. `onSession` hears the query that keeps the admitted session: the ticket. */
  play(source: Source, hooks: PlayHooks, signal: AbortSignal): Promise<PlayEnd>;
  delay(ms: number, signal: AbortSignal): Promise<void>;
  /** The address of the page. */
  pageUrl: string;
}

export interface PlayHooks {
  onStarted(): void;
  onSession(query: string): void;
  /** Nothing plays for now, and the source sees to it itself; `onStarted` says that it is over. */
  onHeld(held: Held): void;
  /** True when this page has seen the stream end: a finished playlist is then no reason to play it again. */
  endedBefore: boolean;
}

export interface Held {
  state: 'waiting' | 'blocked' | 'reconnecting';
  /** The stream was on air, and ended. */
  ended?: boolean;
  /** When a block ends, in Unix milliseconds; `undefined` when nobody said it. */
  until?: number;
}

export interface Status {
  state: PlayerState;
  technology: Technology | null;
  /** The stream was on air while this page was open, and ended. */
  ended: boolean;
  /** When the block ends, in Unix milliseconds. Of this state only, as is `definition`. */
  until?: number;
  /** The server's word for a refusal, where it has one. */
  definition?: string;
}

export class Controller {
  private status: Status = { state: 'idle', technology: null, ended: false };
  /** The ticket of the admitted session, as the query of manifest addresses. It outlives the code that opened it. */
  private session: string | undefined;
  private position = 0;

  constructor(
    private readonly parameters: Parameters & { streamId: string },
    private readonly environment: Environment,
    private readonly onChange: (status: Status) => void,
  ) {}

  /** Runs until `signal` aborts or the viewer is refused. */
  async run(signal: AbortSignal): Promise<void> {
    this.set({ state: 'connecting' });
    while (!signal.aborted) {
      const source = await this.find(signal);
      if (source === undefined) return;
      const end = await this.environment.play(
        source,
        {
          onStarted: () => this.set({ state: 'playing', ended: false }),
          onSession: (query) => {
            this.session = query;
          },
          onHeld: ({ state, ended, until }) => this.set({ state, until, ended: ended ?? this.status.ended }),
          endedBefore: this.status.ended,
        },
        signal,
      );
      if (signal.aborted || !(await this.after(end, source, signal))) return;
    }
  }

  /** Tries the technologies in turn until one answers; `undefined` when refused or aborted. */
  private async find(signal: AbortSignal): Promise<Source | undefined> {
    while (!signal.aborted) {
      const technology = this.currentTechnology();
      if (technology === 'webrtc') {
        this.set({ technology });
        const { streamId, credentials } = this.parameters;
        return { technology, url: signalingUrl(this.environment.pageUrl), streamId, credentials };
      }
      const answer = await this.ask(technology, signal);
      if (signal.aborted) return undefined;
      switch (answer.kind) {
        case 'ready':
          this.set({ technology });
          return { technology, url: answer.url };
        case 'blocked':
          this.set({ state: 'blocked' });
          await this.environment.delay(BLOCKED_RETRY_MS, signal);
          break;
        case 'refused':
          if (this.forgetSession()) break;
          this.set({ state: 'refused' });
          return undefined;
        case 'absent':
        case 'unavailable':
          this.set({ state: answer.kind === 'absent' ? 'waiting' : 'unavailable' });
          this.position += 1;
          await this.environment.delay(answer.retryAfterMs, signal);
          break;
      }
    }
    return undefined;
  }

  /** The first answer of a technology's addresses that is not "absent". */
  private async ask(
    technology: Segmented,
    signal: AbortSignal,
  ): Promise<Exclude<Answer, { kind: 'ready' }> | { kind: 'ready'; url: string }> {
    let absent: Answer & { kind: 'absent' } = { kind: 'absent', retryAfterMs: RETRY_MS };
    for (const manifest of manifestUrls(technology, this.parameters.streamId, this.environment.pageUrl)) {
      const url = withQuery(manifest, this.session ?? credentialsQuery(this.parameters));
      const { status, retryAfter } = await this.environment.probe(url, signal);
      const answer = readAnswer(status, retryAfter);
      if (answer.kind === 'ready') return { kind: 'ready', url };
      if (answer.kind !== 'absent') return answer;
      absent = answer;
    }
    return absent;
  }

  /** What comes after `source` has ended; false when nothing does. */
  private async after(end: PlayEnd, source: Source, signal: AbortSignal): Promise<boolean> {
    if (end.kind === 'failed') {
      this.set({ state: 'connecting' });
      await this.next(signal);
      return true;
    }
    if (end.kind === 'lost') {
      this.set({ state: 'reconnecting' });
      await this.environment.delay(RECONNECT_MS, signal);
      return true;
    }
    const answer = end.kind === 'ended' ? readAnswer(404) : readAnswer(end.status, end.retryAfter);
    const definition = end.kind === 'status' ? end.definition : undefined;
    switch (answer.kind) {
      case 'blocked':
        this.set({ state: 'blocked' });
        await this.environment.delay(BLOCKED_RETRY_MS, signal);
        break;
      case 'absent':
        this.set({ state: 'waiting', ended: true });
        await this.environment.delay(answer.retryAfterMs, signal);
        break;
      case 'unavailable':
        this.set({ state: 'unavailable', definition });
        if (source.technology === 'webrtc') this.position += 1;
        await this.environment.delay(answer.retryAfterMs, signal);
        break;
      case 'refused':
        // A ticket ran out? If the credentials still open the door, find() notices. On WebRTC it was they that did not.
        if (source.technology === 'webrtc') {
          this.set({ state: 'refused', definition });
          return false;
        }
        this.forgetSession();
        this.set({ state: 'connecting' });
        break;
      case 'ready':
        break;
    }
    return true;
  }

  /** Goes on to the next technology: at once, or after a rest when all have had their turn. */
  private async next(signal: AbortSignal): Promise<void> {
    this.position += 1;
    if (this.position % this.parameters.technologies.length === 0) await this.environment.delay(RETRY_MS, signal);
  }

  private forgetSession(): boolean {
    const had = this.session !== undefined;
    this.session = undefined;
    return had;
  }

  private currentTechnology(): Technology {
    const { technologies } = this.parameters;
    return technologies[this.position % technologies.length] ?? 'hls';
  }

  private set(change: Partial<Status>): void {
    const { until, definition, ...lasting } = this.status;
    this.status = change.state === undefined ? { ...this.status, ...change } : { ...lasting, ...change };
    this.onChange(this.status);
  }
}
