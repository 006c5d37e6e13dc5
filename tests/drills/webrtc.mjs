// WHEP players for the drills, all in one process (worker/benches/webrtc). They come back by themselves, as pages do.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const COMMAND = ['bench', '--quiet', '--locked', '-p', 'sluice-worker', '--bench', 'webrtc', '--', 'drill'];

export class WebRtcPlayers {
  constructor(addresses) {
    this.seen = { plays: [], gapMs: 0 };
    this.child = spawn('cargo', COMMAND, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.child.stdout }).on('line', (line) => (this.seen = JSON.parse(line)));
    this.child.stdin.on('error', () => {});
    for (const address of addresses) this.child.stdin.write(`${address}\n`);
  }

  /** How often each began to play. */
  get plays() {
    return this.seen.plays;
  }

  /** The longest time that one of them heard nothing, in ms. */
  get longestGap() {
    return this.seen.gapMs;
  }

  /** Forgets what happened so far. */
  reset() {
    this.child.stdin.write('reset\n');
  }

  stop() {
    this.child.stdin.end();
  }
}
