//! Stand-ins for what sessions take from the browser; for tests alone.

import type { Environment } from './environment';
import type { Incoming, Outgoing } from './wire';

/** A server at the other end of a socket, played by the test. */
export class FakeSocket extends EventTarget {
  readyState = 0;
  readonly sent: Outgoing[] = [];

  constructor(readonly url: string) {
    super();
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Outgoing);
  }

  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.dispatchEvent(new Event('close'));
  }

  open(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
  }

  says(message: Incoming | Record<string, unknown>): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data: JSON.stringify(message) }));
  }

  /** What was sent of a command, newest last. */
  of<Command extends Outgoing['command']>(command: Command): Extract<Outgoing, { command: Command }>[] {
    return this.sent.filter((message): message is Extract<Outgoing, { command: Command }> => message.command === command);
  }
}

/** A connection whose state and figures the test sets. */
export class FakeConnection extends EventTarget {
  connectionState: RTCPeerConnectionState = 'new';
  localDescription: RTCSessionDescriptionInit | null = null;
  remoteDescription: RTCSessionDescriptionInit | null = null;
  readonly candidates: RTCIceCandidateInit[] = [];
  readonly sending: string[] = [];
  preferred: string[] = [];
  bytes = 0;
  /** Descriptions are refused. */
  broken = false;

  constructor(readonly iceServers: RTCIceServer[]) {
    super();
  }

  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    if (this.broken) return Promise.reject(new Error('unusable'));
    this.remoteDescription = description;
    return Promise.resolve();
  }

  setLocalDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.localDescription = description;
    return Promise.resolve();
  }

  createAnswer(): Promise<RTCSessionDescriptionInit> {
    return Promise.resolve({ type: 'answer', sdp: 'the answer' });
  }

  createOffer(): Promise<RTCSessionDescriptionInit> {
    return Promise.resolve({ type: 'offer', sdp: 'the offer' });
  }

  addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    this.candidates.push(candidate);
    return Promise.resolve();
  }

  addTransceiver(track: { kind: string }) {
    this.sending.push(track.kind);
    return {
      setCodecPreferences: (codecs: { mimeType: string }[]) => {
        this.preferred = codecs.map(({ mimeType }) => mimeType);
      },
    };
  }

  getSenders(): [] {
    return [];
  }

  getStats(): Promise<Map<string, object>> {
    const video = { type: 'inbound-rtp', kind: 'video', bytesReceived: this.bytes };
    return Promise.resolve(new Map([['v', video]]));
  }

  close(): void {
    this.connectionState = 'closed';
  }

  becomes(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }
}

/** Everything that a session opens, in order. */
export function fakeEnvironment(): Environment & { sockets: FakeSocket[]; connections: FakeConnection[] } {
  const sockets: FakeSocket[] = [];
  const connections: FakeConnection[] = [];
  return {
    sockets,
    connections,
    openSocket: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket as unknown as ReturnType<Environment['openSocket']>;
    },
    openPeer: (iceServers) => {
      const connection = new FakeConnection(iceServers);
      connections.push(connection);
      return connection as unknown as RTCPeerConnection;
    },
    videoCodecs: () => ['video/VP8', 'video/H264', 'video/AV1'].map((mimeType) => ({ mimeType, clockRate: 90_000 })),
  };
}
