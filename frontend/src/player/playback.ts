//! Plays one source until something ends it: loads the library for it, wires it to the video element, cleans up.

import type { PlayEnd, PlayHooks, Source } from './controller';
import type { Engine, EngineContext, PlayerError } from './engine';
import { prefersNativeHls, startNative } from './native';
import { startWebRtc } from './webrtc';

export interface PlaybackOptions {
  video: HTMLVideoElement;
  withCredentials: boolean;
  onEngine(engine: Engine | undefined): void;
  onError(error: Omit<PlayerError, 'atMs'>): void;
  /** Starts the video with whatever the browser's autoplay rules allow. */
  start(): void;
}

/** Resolves with the reason once playback has stopped and everything is released. */
export async function playSource(
  source: Source,
  hooks: PlayHooks,
  options: PlaybackOptions,
  signal: AbortSignal,
): Promise<PlayEnd> {
  const { video } = options;
  let engine: Engine | undefined;
  const onPlaying = () => hooks.onStarted();
  // A WebRTC element goes on "playing" its last picture, whatever arrives.
  if (source.technology !== 'webrtc') video.addEventListener('playing', onPlaying);
  try {
    const create = await loadEngine(source, video);
    if (signal.aborted) return { kind: 'ended' };
    return await new Promise<PlayEnd>((resolve) => {
      signal.addEventListener('abort', () => resolve({ kind: 'ended' }), { once: true });
      engine = create({
        video,
        url: source.url,
        withCredentials: options.withCredentials,
        endedBefore: hooks.endedBefore,
        start: options.start,
        onStarted: hooks.onStarted,
        onHeld: hooks.onHeld,
        onSession: hooks.onSession,
        onError: (error) => options.onError({ technology: source.technology, ...error }),
        end: resolve,
      });
      options.onEngine(engine);
    });
  } catch {
    options.onError({ technology: source.technology, type: 'otherError', details: 'library', fatal: true });
    return { kind: 'failed' };
  } finally {
    video.removeEventListener('playing', onPlaying);
    options.onEngine(undefined);
    engine?.destroy();
  }
}

async function loadEngine(
  source: Source,
  video: HTMLVideoElement,
): Promise<(context: EngineContext) => Engine> {
  if (source.technology === 'webrtc') return (context) => startWebRtc(source, context);
  if (source.technology === 'dash') return (await import('./dash')).startDash;
  if (prefersNativeHls(video)) return startNative;
  const { isHlsSupported, startHls } = await import('./hls');
  if (!isHlsSupported()) throw new Error('no Media Source Extensions');
  return startHls;
}
