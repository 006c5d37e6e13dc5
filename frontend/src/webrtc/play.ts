//! Watching one stream over WebRTC: asks, answers the server's offer, and says what happens. Comes back by itself from
//! whatever the same socket can tell the end of: a stream that is not live, a block, a lost path.

import type { Credentials } from '../shared/credentials';
import { browser, type Environment } from './environment';
import { Meter, type Figures } from './meter';
import { Peer } from './peer';
import { Signaling } from './signaling';
import { iceServersOf, type Incoming } from './wire';

export interface PlayRequest {
  /** Of the signaling, without credentials. */
  url: string;
  streamId: string;
  credentials: Credentials;
}

/** Why nothing plays although the session goes on. */
export type Held =
  | { why: 'waiting'; ended: boolean }
  /** `until` in Unix milliseconds, when the server said it. */
  | { why: 'blocked'; until?: number }
  | { why: 'reconnecting' };

export type PlaySessionEnd =
  /** These credentials, or none, do not open the stream. */
  | { kind: 'refused'; definition: string }
  /** The server cannot serve anybody now. */
  | { kind: 'unavailable'; definition: string }
  /** It worked, and the connection broke. */
  | { kind: 'lost' }
  /** WebRTC does not work here, or not for this stream. */
  | { kind: 'failed'; definition: string };

export interface PlayListener {
  /** What the video element is to show; once for each connection. */
  stream(stream: MediaStream): void;
  /** Media arrives, for the first time or again. */
  playing(): void;
  held(held: Held): void;
  /** The last call. */
  ended(end: PlaySessionEnd): void;
}

export class PlaySession {
  private readonly signaling: Signaling;
  private iceServers: RTCIceServer[] = [];
  private peer: Peer | undefined;
  private meter: Meter | undefined;
  private shown: MediaStream | undefined;
  private bytes = 0;
  private blocked = false;
  private flowing = false;
  /** Something was played or awaited: a break is then no reason to give WebRTC up. */
  private worked = false;
  private over = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly watch: ReturnType<typeof setInterval>;
  /** Of the latest look. */
  figures: Figures | undefined;

  constructor(
    private readonly request: PlayRequest,
    private readonly listener: PlayListener,
    private readonly environment: Environment = browser,
  ) {
    this.signaling = new Signaling(
      request.url,
      {
        opened: () => {
          this.signaling.send({ command: 'getIceServerConfig' });
          this.ask();
        },
        message: (message) => this.take(message),
        closed: () => this.broken('WebSocketNotConnected'),
      },
      environment.openSocket,
    );
    this.watch = setInterval(() => void this.look(), LOOK_MS);
  }

  /** Stops watching; nothing is said any more. */
  close(): void {
    if (this.over) return;
    this.signaling.send({ command: 'stop', streamId: this.request.streamId });
    this.release();
  }

  private ask(): void {
    const { streamId, credentials } = this.request;
    if (this.peer !== undefined) this.signaling.send({ command: 'stop', streamId });
    this.drop();
    this.signaling.send({
      command: 'play',
      streamId,
      token: credentials.token ?? '',
      subscriberId: credentials.subscriberId ?? '',
      subscriberCode: credentials.subscriberCode ?? '',
    });
    this.after(ANSWER_MS, () => this.broken('no answer'));
  }

  private take(message: Incoming): void {
    if (message.command === 'iceServerConfig') {
      this.iceServers = iceServersOf(message);
      return;
    }
    if (message.streamId !== undefined && message.streamId !== this.request.streamId) return;
    switch (message.command) {
      case 'takeConfiguration':
        if (message.type === 'offer') this.offered(message.sdp);
        break;
      case 'takeCandidate':
        this.peer?.candidate(message.label, message.candidate);
        break;
      case 'notification':
        this.notified(message);
        break;
      case 'error':
        this.refused(message);
        break;
      case 'start':
        break;
    }
  }

  private offered(sdp: string): void {
    if (this.peer === undefined) {
      this.peer = this.connect();
      this.after(CONNECT_MS, () => this.broken('no path'));
    }
    this.peer.accept(sdp);
  }

  private connect(): Peer {
    const connection = this.environment.openPeer(this.iceServers);
    this.meter = new Meter(connection, 'inbound-rtp');
    return new Peer(this.request.streamId, connection, (message) => this.signaling.send(message), {
      state: (state) => this.connectionIs(state),
      track: ({ streams, track }) => {
        const stream = streams[0] ?? this.shown ?? new MediaStream();
        if (streams[0] === undefined) stream.addTrack(track);
        if (stream === this.shown) return;
        this.shown = stream;
        this.listener.stream(stream);
      },
      unusable: () => this.end({ kind: 'failed', definition: 'notSetRemoteDescription' }),
    });
  }

  private connectionIs(state: RTCPeerConnectionState): void {
    if (state === 'connected') {
      clearTimeout(this.timer);
      // What arrives again says that it plays again.
      this.flowing = false;
    } else if (state === 'failed') {
      this.broken('no path');
    } else if (state === 'disconnected' && !this.blocked) {
      this.listener.held({ why: 'reconnecting' });
      this.after(PATIENCE_MS, () => this.ask());
    }
  }

  private notified({ definition, blockedUntil }: Incoming & { command: 'notification' }): void {
    switch (definition) {
      case 'subscriber_blocked':
        this.worked = true;
        this.blocked = true;
        this.listener.held({ why: 'blocked', until: blockedUntil });
        break;
      case 'subscriber_unblocked':
        this.blocked = false;
        this.flowing = false;
        break;
      case 'play_finished':
        // Asking again puts this socket among those who are told when the stream is back.
        this.wait(true);
        this.after(AGAIN_MS, () => this.ask());
        break;
      case 'streaming_starts_soon':
        this.wait(false);
        break;
      case 'streaming_started':
        this.ask();
        break;
      case 'server_will_stop':
        this.broken(definition);
        break;
    }
  }

  private refused({ definition, information, blockedUntil }: Incoming & { command: 'error' }): void {
    if (definition === 'no_stream_exist' && (information === undefined || information === NOT_STREAMING)) {
      this.wait(false);
    } else if (definition === 'user_blocked') {
      this.drop();
      this.worked = true;
      this.listener.held({ why: 'blocked', until: blockedUntil });
      this.after(BLOCKED_MS, () => this.ask());
    } else if (definition === 'already_playing') {
      this.signaling.send({ command: 'stop', streamId: this.request.streamId });
      this.after(AGAIN_MS, () => this.ask());
    } else if (REFUSALS.has(definition)) {
      this.end({ kind: 'refused', definition });
    } else if (OUTAGES.has(definition)) {
      this.end({ kind: 'unavailable', definition });
    } else {
      this.end({ kind: 'failed', definition });
    }
  }

  private wait(ended: boolean): void {
    this.drop();
    this.worked = true;
    this.listener.held({ why: 'waiting', ended });
  }

  private async look(): Promise<void> {
    const { meter } = this;
    if (meter === undefined) return;
    const figures = await meter.read().catch(() => undefined);
    if (figures === undefined || meter !== this.meter) return;
    const grew = figures.bytes > this.bytes;
    this.bytes = figures.bytes;
    this.figures = figures;
    if (!grew || this.blocked || this.flowing) return;
    this.flowing = true;
    this.worked = true;
    this.listener.playing();
  }

  private broken(definition: string): void {
    this.end(this.worked ? { kind: 'lost' } : { kind: 'failed', definition });
  }

  private after(ms: number, then: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(then, ms);
  }

  /** Lets the connection go, not the socket. */
  private drop(): void {
    clearTimeout(this.timer);
    this.peer?.close();
    this.peer = undefined;
    this.meter = undefined;
    this.figures = undefined;
    this.shown = undefined;
    this.bytes = 0;
    this.blocked = false;
    this.flowing = false;
  }

  private end(end: PlaySessionEnd): void {
    if (this.over) return;
    this.release();
    this.listener.ended(end);
  }

  private release(): void {
    this.over = true;
    this.drop();
    clearInterval(this.watch);
    this.signaling.close();
  }
}

/** The `information` of a stream that may come: whoever asked is told when it does. */
const NOT_STREAMING = 'stream_not_exist_or_not_streaming';
/** Other credentials, or another time, may help; asking again does not. */
const REFUSALS = new Set([
  'unauthorized_access',
  'not_allowed_unregistered_streams',
  'stream_not_active_or_expired',
  'noStreamNameSpecified',
  'invalidStreamName',
]);
/** Nobody is served now, or nobody more. */
const OUTAGES = new Set([
  'viewerLimitReached',
  'highResourceUsage',
  'not_initialized_yet',
  'data_store_not_available',
  'server_error_check_logs',
]);

/** A decision may wait for a webhook of the customer. */
const ANSWER_MS = 10_000;
/** From the offer to a path; blocked UDP shows here. */
const CONNECT_MS = 8000;
/** How long a path may be silent before another one is made. */
const PATIENCE_MS = 4000;
const BLOCKED_MS = 3500;
const AGAIN_MS = 1000;
const LOOK_MS = 500;
