//! HLS over Media Source Extensions, by hls.js.

import Hls, { ErrorTypes, Events } from 'hls.js';
import { queryOf } from './addresses';
import type { Engine, EngineContext } from './engine';

export function isHlsSupported(): boolean {
  return Hls.isSupported();
}

export function startHls(context: EngineContext): Engine {
  const { video } = context;
  const hls = new Hls({
    // Two segments behind the edge; hls.js retreats by itself when that stalls.
    liveSyncDurationCount: 2,
    maxLiveSyncPlaybackRate: 1.1,
    backBufferLength: 30,
    xhrSetup: (request) => {
      request.withCredentials = context.withCredentials;
    },
  });
  let live = true;
  let recovered = false;

  hls.on(Events.LEVEL_LOADED, (_, { details }) => {
    live = details.live;
    const ticket = queryOf(details.fragments.at(-1)?.url) ?? queryOf(details.url);
    if (ticket !== undefined) context.onSession(ticket);
    if (!details.live && context.endedBefore) context.end({ kind: 'ended' });
  });

  hls.on(Events.ERROR, (_, data) => {
    const status = data.response?.code;
    context.onError({ type: data.type, details: data.details, fatal: data.fatal, status });
    // A refusal ends playback at once, whichever request met it, instead of after the library's own retries.
    if (status === 401 || status === 403) {
      context.end({ kind: 'status', status });
    } else if (!data.fatal) {
      return;
    } else if (data.type === ErrorTypes.NETWORK_ERROR) {
      context.end({ kind: 'status', status: status ?? 0, retryAfter: retryAfterOf(data.networkDetails) });
    } else if (data.type === ErrorTypes.MEDIA_ERROR && !recovered) {
      recovered = true;
      hls.recoverMediaError();
    } else {
      context.end({ kind: 'failed' });
    }
  });

  const onEnded = () => context.end({ kind: 'ended' });
  video.addEventListener('ended', onEnded);
  hls.attachMedia(video);
  hls.loadSource(context.url);
  context.start();

  return {
    latencySeconds: () => (live && hls.latency > 0 ? hls.latency : undefined),
    isLive: () => live,
    seekToLive: () => {
      if (hls.liveSyncPosition !== null) video.currentTime = hls.liveSyncPosition;
    },
    destroy: () => {
      video.removeEventListener('ended', onEnded);
      hls.destroy();
    },
  };
}

function retryAfterOf(details: unknown): string | null {
  return details instanceof XMLHttpRequest ? details.getResponseHeader('Retry-After') : null;
}
