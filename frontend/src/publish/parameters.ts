//! What the address of the publish page asks for. Reads it once; nothing here writes it back to the address.

import { readCredentials, textOf, type Credentials } from '../shared/credentials';

export interface Parameters {
  streamId: string;
  /** What people read as the stream's name. */
  streamName?: string;
  mainTrack?: string;
  /** Kept with the stream as it stands. */
  metaData?: string;
  credentials: Credentials;
}

/** Reads a page's query. `id` wins over `name`. */
export function parseParameters(query: string): Parameters {
  const values = new URLSearchParams(query);
  return {
    streamId: textOf(values, 'id') ?? textOf(values, 'name') ?? 'stream1',
    streamName: textOf(values, 'streamName'),
    mainTrack: textOf(values, 'mainTrack'),
    metaData: textOf(values, 'metaData'),
    credentials: readCredentials(values),
  };
}

/** The player page of a stream, for everybody: it names the stream, and nothing that proves anything. */
export function watchUrl(streamId: string, pageUrl: string): string {
  const url = new URL('play.html', pageUrl);
  url.search = new URLSearchParams({ id: streamId }).toString();
  url.hash = '';
  return url.href;
}

/** The player page with everything that the address of this page was given: for who came here to watch. */
export function carriedOver(streamId: string, pageUrl: string): string {
  const page = new URL(pageUrl);
  const url = new URL('play.html', page);
  url.search = page.search;
  url.searchParams.set('id', streamId);
  return url.href;
}
