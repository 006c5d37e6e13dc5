//! Publishing one stream over WebRTC: asks, offers, and keeps it going over broken connections until somebody ends it.

import type { Credentials } from '../shared/credentials';
import { browser, type Environment } from './environment';
import { Meter, type Figures } from './meter';
import { Peer } from './peer';
import { Signaling } from './signaling';
import { iceServersOf, type Incoming } from './wire';

export interface PublishRequest {
  /** Of the signaling, without credentials. */
  url: string;
  streamId: string;
  streamName?: string;
  mainTrack?: string;
  metaData?: string;
  credentials: Credentials;
}

export type PublishState =
  | { kind: 'connecting' }
  /** The server receives media. */
  | { kind: 'live' }
  /** The connection broke; tried again until [`PublishSession.stop`]. */
  | { kind: 'reconnecting' }
  /** The last one: `us` when it was stopped here, `server` when the server ended what was live. */
  | { kind: 'ended'; by: 'us' | 'server' }
  /** The last one: `definition` is the server's word. `until` in Unix milliseconds, when the server said it. */
  | { kind: 'refused'; definition: string; until?: number };

export class PublishSession {
  private signaling: Signaling | undefined;
  private iceServers: RTCIceServer[] = [];
  private peer: Peer | undefined;
  private meter: Meter | undefined;
  private stream: MediaStream;
  /** It was live: a break is then no reason to give up. */
  private worked = false;
  private over = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private silent: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly request: PublishRequest,
    stream: MediaStream,
    private readonly onState: (state: PublishState) => void,
    private readonly environment: Environment = browser,
  ) {
    this.stream = stream;
    this.onState({ kind: 'connecting' });
    this.open();
  }

  /** Sends `track` in place of what was sent of its kind; false when nothing of that kind is being sent. */
  async replace(track: MediaStreamTrack): Promise<boolean> {
    const others = this.stream.getTracks().filter(({ kind }) => kind !== track.kind);
    this.stream = new MediaStream([...others, track]);
    const sender = this.peer?.connection.getSenders().find((each) => each.track?.kind === track.kind);
    await sender?.replaceTrack(track);
    return sender !== undefined;
  }

  /** What is being sent now; `undefined` while nothing is. */
  figures(): Promise<Figures | undefined> {
    return this.meter?.read().catch(() => undefined) ?? Promise.resolve(undefined);
  }

  /** Ends the stream. */
  stop(): void {
    this.end({ kind: 'ended', by: 'us' });
  }

  private open(): void {
    const signaling = new Signaling(
      this.request.url,
      {
        opened: () => {
          signaling.send({ command: 'getIceServerConfig' });
          this.ask();
        },
        message: (message) => this.take(message),
        closed: () => this.broken('WebSocketNotConnected'),
      },
      this.environment.openSocket,
    );
    this.signaling = signaling;
  }

  private ask(): void {
    const { streamId, streamName, mainTrack, metaData, credentials } = this.request;
    this.signaling?.send({
      command: 'publish',
      streamId,
      token: credentials.token ?? '',
      subscriberId: credentials.subscriberId ?? '',
      subscriberCode: credentials.subscriberCode ?? '',
      streamName: streamName ?? '',
      mainTrack: mainTrack ?? '',
      metaData: metaData ?? '',
      video: this.stream.getVideoTracks().length > 0,
      audio: this.stream.getAudioTracks().length > 0,
    });
    this.after(ANSWER_MS, () => this.broken('publishTimeoutError'));
  }

  private take(message: Incoming): void {
    if (message.command === 'iceServerConfig') {
      this.iceServers = iceServersOf(message);
      return;
    }
    if (message.streamId !== undefined && message.streamId !== this.request.streamId) return;
    switch (message.command) {
      case 'start':
        this.connect();
        break;
      case 'takeConfiguration':
        if (message.type === 'answer') this.peer?.answered(message.sdp);
        break;
      case 'takeCandidate':
        this.peer?.candidate(message.label, message.candidate);
        break;
      case 'notification':
        this.notified(message.definition);
        break;
      case 'error':
        this.refused(message);
        break;
    }
  }

  private connect(): void {
    this.peer?.close();
    const connection = this.environment.openPeer(this.iceServers);
    this.meter = new Meter(connection, 'outbound-rtp');
    for (const track of this.stream.getTracks()) {
      const transceiver = connection.addTransceiver(track, { direction: 'sendonly', streams: [this.stream] });
      if (track.kind === 'video') preferH264(transceiver, this.environment.videoCodecs());
    }
    this.peer = new Peer(this.request.streamId, connection, (message) => this.signaling?.send(message), {
      state: (state) => {
        if (state === 'connected') clearTimeout(this.silent);
        else if (state === 'failed') this.broken('no path');
        else if (state === 'disconnected') this.silent = setTimeout(() => this.broken('no path'), PATIENCE_MS);
      },
      unusable: () => this.end({ kind: 'refused', definition: 'notSetRemoteDescription' }),
    });
    this.peer.offer();
    this.after(LIVE_MS, () => this.broken('publishTimeoutError'));
  }

  private notified(definition: string): void {
    switch (definition) {
      case 'publish_started':
      case 'session_restored':
        clearTimeout(this.timer);
        this.worked = true;
        this.onState({ kind: 'live' });
        break;
      case 'publish_finished':
        // Not tried again: whoever was taken off the air goes on air again with their own hand.
        this.end({ kind: 'ended', by: 'server' });
        break;
      case 'server_will_stop':
        this.broken(definition);
        break;
    }
  }

  private refused({ definition, blockedUntil }: Incoming & { command: 'error' }): void {
    // After a break the server may not have noticed yet that our own old connection is dead.
    if (this.worked && PASSING.has(definition)) this.broken(definition);
    else this.end({ kind: 'refused', definition, until: blockedUntil });
  }

  private broken(definition: string): void {
    if (this.over) return;
    if (!this.worked) {
      this.end({ kind: 'refused', definition });
      return;
    }
    this.signaling?.send({ command: 'stop', streamId: this.request.streamId });
    this.drop();
    this.onState({ kind: 'reconnecting' });
    this.after(AGAIN_MS, () => this.open());
  }

  private after(ms: number, then: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(then, ms);
  }

  private drop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.silent);
    this.peer?.close();
    this.peer = undefined;
    this.meter = undefined;
    this.signaling?.close();
    this.signaling = undefined;
  }

  private end(state: PublishState): void {
    if (this.over) return;
    this.over = true;
    this.signaling?.send({ command: 'stop', streamId: this.request.streamId });
    this.drop();
    this.onState(state);
  }
}

/** H.264 reaches every player without another encoding, where the browser has it. */
function preferH264(transceiver: RTCRtpTransceiver, codecs: RTCRtpCodec[]): void {
  const h264 = codecs.filter(({ mimeType }) => mimeType.toLowerCase() === 'video/h264');
  if (h264.length === 0) return;
  transceiver.setCodecPreferences([...h264, ...codecs.filter((codec) => !h264.includes(codec))]);
}

/** What a second try may find gone. */
const PASSING = new Set([
  'streamIdInUse',
  'already_publishing',
  'highResourceUsage',
  'not_initialized_yet',
  'data_store_not_available',
  'server_error_check_logs',
  'publishTimeoutError',
  'noPacketReceivedForTimeoutDuration',
]);

/** A decision may wait for a webhook of the customer. */
const ANSWER_MS = 10_000;
/** From the offer to the first media at the server, which gives up after ten seconds itself. */
const LIVE_MS = 15_000;
/** How long a path may be silent before another connection is made. */
const PATIENCE_MS = 4000;
const AGAIN_MS = 3000;
