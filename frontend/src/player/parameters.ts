//! What the address of the player page asks for. Reads it once; nothing here writes it back to the address.

import { readCredentials, textOf, type Credentials } from '../shared/credentials';

/** Ways to play that this page knows how to carry out. */
export type Technology = 'webrtc' | 'hls' | 'dash';

export interface Parameters {
  /** `undefined` when the address names no stream: the page asks. */
  streamId?: string;
  /** In the order of `playOrder`, each once; never empty. */
  technologies: Technology[];
  /** Entries of `playOrder` that this page does not play. */
  skipped: string[];
  credentials: Credentials;
  autoplay: boolean;
  mute: boolean;
  /** Send cookies to another origin too. */
  withCredentials: boolean;
  /** Unix seconds; the server cuts the playlist there. */
  start?: string;
  end?: string;
}

/** Reads a page's query. `id` wins over `name`. */
export function parseParameters(query: string): Parameters {
  const values = new URLSearchParams(query);
  const text = (name: string) => textOf(values, name);
  const flag = (name: string, unset: boolean) => {
    const value = text(name)?.toLowerCase();
    return value === undefined ? unset : value !== 'false' && value !== '0';
  };

  const order = (text('playOrder') ?? '')
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');
  const technologies = [...new Set(order.filter(isTechnology))];

  return {
    streamId: text('id') ?? text('name'),
    technologies: technologies.length > 0 ? technologies : [...DEFAULT_ORDER],
    skipped: [...new Set(order.filter((entry) => !isTechnology(entry)))],
    credentials: readCredentials(values),
    autoplay: flag('autoplay', true),
    mute: flag('mute', false),
    withCredentials: flag('withCredentials', true),
    start: text('start'),
    end: text('end'),
  };
}

/** The query that a first request carries: credentials and the cut, in the order that existing servers log them. */
export function credentialsQuery(parameters: Parameters): string {
  const { credentials, start, end } = parameters;
  const query = new URLSearchParams();
  const entries = { ...credentials, start, end };
  for (const [name, value] of Object.entries(entries)) {
    if (value !== undefined) query.set(name, value);
  }
  return query.toString();
}

function isTechnology(entry: string): entry is Technology {
  return entry === 'webrtc' || entry === 'hls' || entry === 'dash';
}

const DEFAULT_ORDER: readonly Technology[] = ['webrtc', 'hls'];
