// WHEP players that only count, as many as wanted in one process (worker/benches/webrtc).

import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { sleep, until } from './harness.js';

const CARGO = ['bench', '--quiet', '--locked', '-p', 'sluice-worker', '--bench', 'webrtc'];
// Built here, with all cores, and not while somebody waits for the first player.
execFileSync('cargo', [...CARGO, '--no-run'], { stdio: 'inherit' });

/** Runs the process with other words; it writes JSON. */
export const load = (...words) =>
  spawn('taskset', ['-c', '1', 'cargo', ...CARGO, '--', ...words], { stdio: ['pipe', 'pipe', 'inherit'] });

/** Players of `url`: `hold(count)` waits until so many play; `seen` is what the process said last, four times a second. */
export function playWhep(url) {
  const child = load('viewers', url);
  const state = { seen: { viewers: 0, playing: 0, lost: 0, failed: 0, bytes: 0, lastPacketMs: 0 } };
  createInterface({ input: child.stdout }).on('line', (line) => (state.seen = JSON.parse(line)));
  return {
    get seen() {
      return state.seen;
    },
    hold: async (count) => {
      child.stdin.write(`${count}\n`);
      await until(`${count} viewers play`, () => state.seen.viewers === count && state.seen.playing + state.seen.failed >= count);
      await sleep(2000);
    },
    stop: () => child.stdin.end(),
  };
}
