//! DASH over Media Source Extensions, by dash.js.

import { MediaPlayer } from 'dashjs';
import { queryOf } from './addresses';
import type { Engine, EngineContext } from './engine';

/** The parts of a dash.js response that are read here. */
interface Response {
  status?: number;
  headers?: Record<string, string>;
  request?: { url?: string; customData?: { request?: { type?: string } } };
}

export function startDash(context: EngineContext): Engine {
  const { video } = context;
  const player = MediaPlayer().create();
  player.updateSettings({
    // Its log lines name addresses, and those hold tickets.
    debug: { logLevel: 0 },
    streaming: {
      delay: { liveDelayFragmentCount: 2 },
      liveCatchup: { enabled: true },
      // Without this, a manifest that names no clock makes the library ask a public time server.
      utcSynchronization: {
        defaultTimingSource: { scheme: 'urn:mpeg:dash:utc:http-head:2014', value: location.origin + location.pathname },
      },
    },
  });
  // After the settings: it takes the time source from them.
  player.initialize(undefined, undefined, false);
  player.setXHRWithCredentialsForType('', context.withCredentials);

  player.addResponseInterceptor((answer) => {
    // The library's own type leaves out what it says about the request.
    const response = answer as unknown as Response;
    const status = response.status ?? 0;
    const type = response.request?.customData?.request?.type;
    if (status === 401 || status === 403) {
      context.end({ kind: 'status', status });
    } else if (type === 'MPD' && status >= 400) {
      context.end({ kind: 'status', status, retryAfter: response.headers?.['retry-after'] });
    } else if (type === 'MediaSegment' && status >= 200 && status < 300) {
      const ticket = queryOf(response.request?.url);
      if (ticket !== undefined) context.onSession(ticket);
    }
    return Promise.resolve(answer);
  });

  player.on('manifestLoaded', (event: { data?: { type?: string } }) => {
    if (event.data?.type === 'static' && context.endedBefore) context.end({ kind: 'ended' });
  });
  player.on('playbackEnded', () => context.end({ kind: 'ended' }));
  player.on('error', (event: { error?: { code?: number; data?: { response?: { status?: number } } } }) => {
    const code = event.error?.code ?? 0;
    const status = event.error?.data?.response?.status;
    // The library calls what it skips by itself an error too; segments that slid out of the window are the usual case.
    const fatal = !(code >= DOWNLOAD_ERRORS.first && code <= DOWNLOAD_ERRORS.last) || code === DOWNLOAD_ERRORS.manifest;
    context.onError({ type: 'dashError', details: String(code), fatal, status });
    if (!fatal) return;
    context.end(code === DOWNLOAD_ERRORS.manifest ? { kind: 'status', status: status ?? 0 } : { kind: 'failed' });
  });

  // Not before: the library must hear the element's `play` event, or it never refreshes the manifest.
  player.on('streamInitialized', () => context.start());

  player.attachView(video);
  player.attachSource(context.url);

  return {
    latencySeconds: () => {
      const latency = player.isReady() && player.isDynamic() ? player.getCurrentLiveLatency() : Number.NaN;
      return Number.isFinite(latency) && latency > 0 ? latency : undefined;
    },
    isLive: () => player.isReady() && player.isDynamic(),
    seekToLive: () => player.seekToOriginalLive(),
    destroy: () => player.destroy(),
  };
}

/** Codes of dash.js for requests that failed: manifest 25, SIDX 26, content 27, init 28, XLink 29. */
const DOWNLOAD_ERRORS = { first: 25, last: 29, manifest: 25 };
