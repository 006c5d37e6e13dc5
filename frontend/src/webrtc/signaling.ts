//! One signaling socket: opens in time or not at all, carries typed messages, keeps itself alive.

import { readMessage, type Incoming, type Outgoing } from './wire';

export interface SignalingListener {
  opened(): void;
  message(message: Incoming): void;
  /** The last call, and not after [`Signaling.close`]. */
  closed(): void;
}

/** As much of a `WebSocket` as is used here. */
export type Socket = Pick<WebSocket, 'send' | 'close' | 'addEventListener' | 'readyState'>;

export class Signaling {
  private readonly socket: Socket;
  private over = false;
  private readonly opening: ReturnType<typeof setTimeout>;
  private beat: ReturnType<typeof setInterval> | undefined;

  /** `url` holds no credentials: those travel in messages. */
  constructor(url: string, private readonly listener: SignalingListener, open: (url: string) => Socket = (to) => new WebSocket(to)) {
    this.socket = open(url);
    this.opening = setTimeout(() => this.lose(), OPEN_MS);
    this.socket.addEventListener('open', () => {
      if (this.over) return;
      clearTimeout(this.opening);
      this.beat = setInterval(() => this.send({ command: 'ping' }), BEAT_MS);
      this.listener.opened();
    });
    this.socket.addEventListener('message', (event) => {
      const message = readMessage((event as MessageEvent<unknown>).data);
      if (!this.over && message !== undefined) this.listener.message(message);
    });
    this.socket.addEventListener('close', () => this.lose());
    this.socket.addEventListener('error', () => this.lose());
  }

  /** Sends, or drops what can no longer be sent: whoever waits for an answer hears `closed` instead. */
  send(message: Outgoing): void {
    if (!this.over && this.socket.readyState === OPEN) this.socket.send(JSON.stringify(message));
  }

  close(): void {
    this.over = true;
    clearTimeout(this.opening);
    clearInterval(this.beat);
    this.socket.close();
  }

  private lose(): void {
    if (this.over) return;
    this.close();
    this.listener.closed();
  }
}

/** `WebSocket.OPEN`, which does not exist where tests run. */
const OPEN = 1;
/** A server that is there answers sooner. */
const OPEN_MS = 5000;
/** Servers drop sockets that are silent for a minute. */
const BEAT_MS = 15_000;
