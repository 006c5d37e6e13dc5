//! WebRTC, by our own signaling client.

import { PlaySession, type PlaySessionEnd } from '../webrtc/play';
import type { PlayEnd, Source } from './controller';
import type { Engine, EngineContext, Figure } from './engine';

export function startWebRtc(source: Source & { technology: 'webrtc' }, context: EngineContext): Engine {
  const { video } = context;
  if (!('RTCPeerConnection' in window)) throw new Error('no WebRTC');
  const session = new PlaySession(source, {
    stream: (stream) => {
      video.srcObject = stream;
      context.start();
    },
    playing: () => context.onStarted(),
    held: (held) => {
      if (held.why === 'blocked') context.onHeld({ state: 'blocked', until: held.until });
      else if (held.why === 'waiting') context.onHeld({ state: 'waiting', ended: held.ended || undefined });
      else context.onHeld({ state: 'reconnecting' });
    },
    ended: (end) => {
      if (end.kind !== 'lost') context.onError({ type: end.kind, details: end.definition, fatal: true });
      context.end(meaningOf(end));
    },
  });

  return {
    latencySeconds: () => {
      const { bufferMs, roundTripMs } = session.figures ?? {};
      return bufferMs === undefined ? undefined : (bufferMs + (roundTripMs ?? 0) / 2) / 1000;
    },
    isLive: () => session.figures !== undefined,
    // It is always there.
    seekToLive: () => undefined,
    figures: () => {
      const { codec, videoKbps, audioKbps, lost, roundTripMs } = session.figures ?? {};
      const shown: Figure[] = [];
      if (codec !== undefined) shown.push(['Codec', codec]);
      if (videoKbps !== undefined) shown.push(['Video', `${Math.round(videoKbps)} kbit/s`]);
      if (audioKbps !== undefined) shown.push(['Sound', `${Math.round(audioKbps)} kbit/s`]);
      if (roundTripMs !== undefined) shown.push(['Round trip', `${Math.round(roundTripMs)} ms`]);
      if (lost !== undefined) shown.push(['Packets lost', String(lost)]);
      return shown;
    },
    destroy: () => {
      session.close();
      video.srcObject = null;
    },
  };
}

/** The HTTP status of the same meaning, so that the page treats all ways to play alike. */
function meaningOf(end: PlaySessionEnd): PlayEnd {
  switch (end.kind) {
    case 'refused':
      return { kind: 'status', status: 403, definition: end.definition };
    case 'unavailable':
      return { kind: 'status', status: 503, definition: end.definition };
    case 'lost':
    case 'failed':
      return { kind: end.kind };
  }
}
