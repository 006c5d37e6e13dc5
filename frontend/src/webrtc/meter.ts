//! What a peer connection measures, as people read it: rates since the last look, losses, delays.

/** `undefined` where the browser does not say, or not yet. */
export interface Figures {
  /** Media bytes received or sent since the start. */
  bytes: number;
  videoKbps?: number;
  audioKbps?: number;
  width?: number;
  height?: number;
  framesPerSecond?: number;
  codec?: string;
  /** Packets that never came, since the start. */
  lost?: number;
  roundTripMs?: number;
  /** How long media waits in the player's buffer. */
  bufferMs?: number;
}

/** The members of a `getStats` report that are read here. */
interface Stat {
  type: string;
  kind?: string;
  bytesReceived?: number;
  bytesSent?: number;
  frameWidth?: number;
  frameHeight?: number;
  framesPerSecond?: number;
  codecId?: string;
  mimeType?: string;
  packetsLost?: number;
  roundTripTime?: number;
  currentRoundTripTime?: number;
  nominated?: boolean;
  jitterBufferDelay?: number;
  jitterBufferEmittedCount?: number;
}

interface Sample {
  atMs: number;
  video: number;
  audio: number;
  delay: number;
  emitted: number;
}

export class Meter {
  private last: Sample | undefined;

  constructor(
    private readonly connection: Pick<RTCPeerConnection, 'getStats'>,
    private readonly direction: 'inbound-rtp' | 'outbound-rtp',
  ) {}

  async read(): Promise<Figures> {
    const report = (await this.connection.getStats()) as ReadonlyMap<string, Stat>;
    const now: Sample = { atMs: performance.now(), video: 0, audio: 0, delay: 0, emitted: 0 };
    const figures: Figures = { bytes: 0 };
    for (const stat of report.values()) {
      if (stat.type === this.direction) this.take(stat, report, now, figures);
      else if (stat.type === 'candidate-pair' && stat.nominated) figures.roundTripMs = milliseconds(stat.currentRoundTripTime);
      else if (stat.type === 'remote-inbound-rtp') figures.lost = (figures.lost ?? 0) + (stat.packetsLost ?? 0);
    }
    figures.bytes = now.video + now.audio;
    const before = this.last;
    this.last = now;
    const elapsedMs = before === undefined ? 0 : now.atMs - before.atMs;
    if (before !== undefined && elapsedMs > 0) {
      // Bits per millisecond are kilobits per second.
      figures.videoKbps = ((now.video - before.video) * 8) / elapsedMs;
      figures.audioKbps = ((now.audio - before.audio) * 8) / elapsedMs;
      const emitted = now.emitted - before.emitted;
      if (emitted > 0) figures.bufferMs = ((now.delay - before.delay) / emitted) * 1000;
    }
    return figures;
  }

  private take(stat: Stat, report: ReadonlyMap<string, Stat>, now: Sample, figures: Figures): void {
    const bytes = stat.bytesReceived ?? stat.bytesSent ?? 0;
    if (stat.packetsLost !== undefined) figures.lost = (figures.lost ?? 0) + stat.packetsLost;
    if (stat.kind !== 'video') {
      now.audio += bytes;
      return;
    }
    now.video += bytes;
    now.delay += stat.jitterBufferDelay ?? 0;
    now.emitted += stat.jitterBufferEmittedCount ?? 0;
    figures.width = stat.frameWidth;
    figures.height = stat.frameHeight;
    figures.framesPerSecond = stat.framesPerSecond;
    figures.codec = report.get(stat.codecId ?? '')?.mimeType?.replace('video/', '');
  }
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
