//! Where the media of a stream is, seen from the player page.

import type { Technology } from './parameters';

/** The ways to play that begin with a manifest. */
export type Segmented = Exclude<Technology, 'webrtc'>;

/**
 * Manifest addresses of `streamId`, best first, without query. `pageUrl` is the player page's own address: media lies
 * in `streams/` beside it, whatever the application is called.
 */
export function manifestUrls(technology: Segmented, streamId: string, pageUrl: string): string[] {
  // A stream id may hold folders, but none that lead upwards.
  const id = streamId
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .map(encodeURIComponent)
    .join('/');
  const paths =
    technology === 'hls' ? [`streams/${id}_adaptive.m3u8`, `streams/${id}.m3u8`] : [`streams/${id}/${id}.mpd`];
  return paths.map((path) => {
    const url = new URL(path, pageUrl);
    url.search = '';
    url.hash = '';
    return url.href;
  });
}

/** `url` with `query` (no leading `?`) in place of its own. */
export function withQuery(url: string, query: string): string {
  const [base = url] = url.split('?');
  return query === '' ? base : `${base}?${query}`;
}

/** The query of an address inside a manifest, which holds the viewer's ticket; `undefined` when it has none. */
export function queryOf(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  const mark = url.indexOf('?');
  return mark < 0 || mark === url.length - 1 ? undefined : url.slice(mark + 1).split('#')[0];
}
