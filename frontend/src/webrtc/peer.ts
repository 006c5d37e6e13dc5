//! One peer connection: descriptions one after the other, candidates when their turn has come.

import type { Outgoing } from './wire';

export interface PeerListener {
  /** The browser's view of the connection, on every change. */
  state(state: RTCPeerConnectionState): void;
  track?(event: RTCTrackEvent): void;
  /** A description that the browser cannot work with. */
  unusable(): void;
}

export class Peer {
  private readonly early: RTCIceCandidateInit[] = [];
  private turn: Promise<void> = Promise.resolve();
  private over = false;

  constructor(
    private readonly streamId: string,
    readonly connection: RTCPeerConnection,
    private readonly send: (message: Outgoing) => void,
    private readonly listener: PeerListener,
  ) {
    connection.addEventListener('icecandidate', ({ candidate }) => {
      if (this.over || candidate === null || candidate.candidate === '') return;
      this.send({
        command: 'takeCandidate',
        streamId,
        label: candidate.sdpMLineIndex ?? 0,
        id: candidate.sdpMid ?? '',
        candidate: candidate.candidate,
      });
    });
    connection.addEventListener('connectionstatechange', () => {
      if (!this.over) this.listener.state(connection.connectionState);
    });
    connection.addEventListener('track', (event) => {
      if (!this.over) this.listener.track?.(event);
    });
  }

  /** Player: takes the server's offer, the first or a later one, and answers. */
  accept(sdp: string): void {
    this.inTurn(async () => {
      await this.connection.setRemoteDescription({ type: 'offer', sdp });
      await this.addEarly();
      const answer = await this.connection.createAnswer();
      await this.connection.setLocalDescription({ type: 'answer', sdp: withStereo(answer.sdp ?? '') });
      this.describe('answer');
    });
  }

  /** Publisher: describes what it will send. */
  offer(): void {
    this.inTurn(async () => {
      await this.connection.setLocalDescription(await this.connection.createOffer());
      this.describe('offer');
    });
  }

  /** Publisher: takes the server's answer. */
  answered(sdp: string): void {
    this.inTurn(async () => {
      await this.connection.setRemoteDescription({ type: 'answer', sdp });
      await this.addEarly();
    });
  }

  /** A candidate of the server, at any time. */
  candidate(label: number, candidate: string): void {
    // An empty one only says that no more will come.
    if (candidate === '') return;
    const init = { sdpMLineIndex: label, candidate };
    this.inTurn(async () => {
      if (this.connection.remoteDescription === null) this.early.push(init);
      else await this.add(init);
    });
  }

  close(): void {
    this.over = true;
    this.connection.close();
  }

  private describe(type: 'offer' | 'answer'): void {
    const sdp = this.connection.localDescription?.sdp;
    if (!this.over && sdp !== undefined) this.send({ command: 'takeConfiguration', streamId: this.streamId, type, sdp });
  }

  private async addEarly(): Promise<void> {
    for (const init of this.early.splice(0)) await this.add(init);
  }

  /** A candidate that the browser does not understand is one way fewer, not the end. */
  private async add(init: RTCIceCandidateInit): Promise<void> {
    await this.connection.addIceCandidate(init).catch(() => undefined);
  }

  private inTurn(step: () => Promise<void>): void {
    this.turn = this.turn
      .then(() => (this.over ? undefined : step()))
      .catch(() => {
        if (!this.over) this.listener.unusable();
      });
  }
}

/** Opus is decoded as mono unless the answer asks for stereo (RFC 7587 §7). */
export function withStereo(sdp: string): string {
  return sdp.replace(/^(a=fmtp:\d+ (?!.*\bstereo=).*\buseinbandfec=1)/gm, '$1;stereo=1');
}
