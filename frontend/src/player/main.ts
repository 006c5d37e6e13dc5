//! The player page: joins the address, the controller and the view. The only file here that touches globals.

import './player.css';
import { Controller, type Status } from './controller';
import type { Engine, PlayerError } from './engine';
import type { Credentials } from '../shared/credentials';
import { parseParameters, type Parameters } from './parameters';
import { playSource } from './playback';
import { skippedNote } from './messages';
import { View } from './view';

declare global {
  interface Window {
    /** What the page is doing, for tests and for people who ask in the console. Never holds a credential. */
    sluicePlayer: { technology: Status['technology']; state: Status['state']; errors: PlayerError[] };
  }
}

const MAX_ERRORS = 200;

const root = document.getElementById('player');
if (root === null) throw new Error('the page has no #player');

let parameters: Parameters = parseParameters(location.search);
let running: AbortController | undefined;
let engine: Engine | undefined;

window.sluicePlayer = { technology: null, state: 'idle', errors: [] };

const view = new View(root, {
  onStreamId: (streamId) => {
    parameters = { ...parameters, streamId };
    begin();
  },
  onCredentials: (credentials: Credentials) => {
    parameters = { ...parameters, credentials };
    begin();
  },
  onPlayPressed: () => (running === undefined ? begin() : view.toggle()),
  onLive: () => engine?.seekToLive(),
});
view.setNote(skippedNote(parameters.skipped));

if (parameters.streamId === undefined) view.askStreamId();
else if (parameters.autoplay) begin();
else view.offerPlay();

setInterval(() => {
  view.setLive(engine?.isLive() ?? false, engine?.latencySeconds());
  view.setFigures(window.sluicePlayer.technology, engine?.figures?.() ?? []);
}, 500);

/** Starts watching what the parameters name, from the beginning; ends what was going on before. */
function begin(): void {
  const { streamId } = parameters;
  if (streamId === undefined) return;
  running?.abort();
  const current = new AbortController();
  running = current;
  document.title = streamId;

  const options = {
    video: view.video,
    withCredentials: parameters.withCredentials,
    onEngine: (next: Engine | undefined) => {
      if (!current.signal.aborted || next === undefined) engine = next;
    },
    onError: (error: Omit<PlayerError, 'atMs'>) => {
      const { errors } = window.sluicePlayer;
      errors.push({ ...error, atMs: Math.round(performance.now()) });
      if (errors.length > MAX_ERRORS) errors.shift();
    },
    start: () => void view.start(parameters.mute),
  };
  const controller = new Controller(
    { ...parameters, streamId },
    {
      pageUrl: location.href,
      delay,
      probe,
      play: (source, hooks, signal) => playSource(source, hooks, options, signal),
    },
    (status) => {
      if (current.signal.aborted) return;
      window.sluicePlayer.state = status.state;
      window.sluicePlayer.technology = status.technology;
      view.show(status, parameters.credentials);
    },
  );
  void controller.run(current.signal);
}

/** Asks for the headers alone: a one-time token is then reserved for this viewer, not spent. */
async function probe(url: string, signal: AbortSignal): Promise<{ status: number; retryAfter: string | null }> {
  try {
    const response = await fetch(url, {
      method: 'HEAD',
      cache: 'no-store',
      credentials: parameters.withCredentials ? 'include' : 'same-origin',
      signal,
    });
    return { status: response.status, retryAfter: response.headers.get('Retry-After') };
  } catch {
    return { status: 0, retryAfter: null };
  }
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
