//! HLS by the browser itself (Safari).

import type { Engine, EngineContext } from './engine';

/** True where the browser's own player is the better one: Safari on every device, and browsers without MSE. */
export function prefersNativeHls(video: HTMLVideoElement): boolean {
  const plays = video.canPlayType('application/vnd.apple.mpegurl') !== '';
  return plays && (navigator.vendor.startsWith('Apple') || !('MediaSource' in window || 'ManagedMediaSource' in window));
}

export function startNative(context: EngineContext): Engine {
  const { video } = context;
  const onEnded = () => context.end({ kind: 'ended' });
  const onError = () => {
    context.onError({ type: 'mediaError', details: `code ${video.error?.code ?? 0}`, fatal: true });
    // The element does not tell a status: "no answer" makes the controller ask for the manifest, which does.
    context.end({ kind: 'status', status: 0 });
  };
  video.addEventListener('ended', onEnded);
  video.addEventListener('error', onError);
  video.crossOrigin = context.withCredentials ? 'use-credentials' : 'anonymous';
  video.src = context.url;
  context.start();

  const edge = () => (video.seekable.length > 0 ? video.seekable.end(video.seekable.length - 1) : undefined);
  return {
    latencySeconds: () => {
      const end = edge();
      return end === undefined || Number.isFinite(video.duration) ? undefined : end - video.currentTime;
    },
    isLive: () => !Number.isFinite(video.duration),
    seekToLive: () => {
      const end = edge();
      if (end !== undefined) video.currentTime = end;
    },
    destroy: () => {
      video.removeEventListener('ended', onEnded);
      video.removeEventListener('error', onError);
      video.removeAttribute('src');
      video.load();
    },
  };
}
