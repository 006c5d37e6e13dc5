// Processes that a cluster is made of: started, watched, frozen, killed and started again under the same address.

import { execFileSync, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Asks until the answer is true. Whoever calls it names what did not happen. */
export async function until(what, check, patienceMs = 30_000, pauseMs = 25) {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`did not happen: ${what}`);
    await sleep(pauseMs);
  }
}

const FIRST_PORT = 12_000;
const PORTS = 50;
const RANGES = 160;

let next = 0;
let range;

/** A free port below those that the system gives to outgoing connections, so that it is still free a little later. */
export async function freePort() {
  range ??= claimRange();
  for (let tries = 0; tries < PORTS; tries += 1) {
    const port = FIRST_PORT + range * PORTS + next;
    next = (next + 1) % PORTS;
    if (!(await isTaken(port))) return port;
  }
  throw new Error(`no port of ${FIRST_PORT + range * PORTS} and the ${PORTS - 1} behind it is free`);
}

/** A range of ports for this process alone: clusters run side by side, and start at the same moment. */
function claimRange() {
  const folder = join(tmpdir(), `sluice-ports-${process.getuid()}`);
  mkdirSync(folder, { recursive: true });
  for (let tries = 0; tries < RANGES; tries += 1) {
    const claimed = (process.pid + tries) % RANGES;
    const file = join(folder, String(claimed));
    if (!existsSync(file) || isAlone(file)) {
      try {
        writeFileSync(file, String(process.pid), { flag: 'wx' });
      } catch {
        continue;
      }
      process.on('exit', () => rmSync(file, { force: true }));
      return claimed;
    }
  }
  throw new Error(`every range of ports is in use: see ${folder}`);
}

/** Removes the claim of a process that is gone. */
function isAlone(file) {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return false;
  } catch {
    rmSync(file, { force: true });
    return true;
  }
}

/** True when somebody accepts connections there. */
export async function isTaken(port) {
  const server = createServer();
  const taken = await new Promise((resolve) => {
    server.once('error', () => resolve(true));
    server.listen(port, '127.0.0.1', () => resolve(false));
  });
  await new Promise((resolve) => server.close(resolve));
  return taken;
}

/** The status of an address; 0 when nobody answers in time. */
export async function status(url, patienceMs = 1_000) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(patienceMs) });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return 0;
  }
}

/** One process with a folder, a log and an address of its own. */
export class Part {
  constructor(name, folder, command, args, environment, ready) {
    Object.assign(this, { name, folder, command, args, environment, ready });
    mkdirSync(folder, { recursive: true });
  }

  get pid() {
    return this.child?.pid;
  }

  get isRunning() {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  get logFile() {
    return join(this.folder, 'log');
  }

  /** Starts it, without waiting. */
  spawn() {
    const log = openSync(this.logFile, 'a');
    // In a group of its own: a Ctrl-C is for whoever runs the cluster, who stops the parts in order.
    this.child = spawn(this.command, this.args, { env: this.environment, stdio: ['ignore', log, log], detached: true });
    this.child.once('error', (error) => (this.failure = error));
    closeSync(log);
  }

  /** Starts it and waits until it can be used. */
  async start() {
    this.spawn();
    await this.isReady();
  }

  async isReady(patienceMs = 60_000) {
    await until(
      `${this.name} is ready; see ${this.logFile}`,
      async () => {
        if (this.failure) throw this.failure;
        if (!this.isRunning) throw new Error(`${this.name} ended: ${this.lastWords()}`);
        return this.ready();
      },
      patienceMs,
    );
  }

  lastWords() {
    const lines = existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8').trimEnd().split('\n') : [];
    return lines.slice(-3).join(' | ');
  }

  signal(name) {
    if (this.isRunning) this.child.kill(name);
  }

  async ended(patienceMs = 15_000) {
    await until(`${this.name} ends`, () => !this.isRunning, patienceMs);
  }

  /** What a crash looks like. */
  async kill() {
    this.signal('SIGKILL');
    await this.ended();
  }

  /** A clean stop; one that takes too long is cut short. */
  async stop() {
    if (!this.isRunning) return;
    this.signal('SIGCONT');
    this.signal('SIGTERM');
    try {
      await this.ended();
    } catch {
      await this.kill();
    }
  }
}

/**
 * A server of `scripts/postgres` or `scripts/rabbitmq`: the script runs while its input is open and prints the URL.
 */
export class Server {
  constructor(script, args, folder) {
    Object.assign(this, { script, args, folder });
  }

  async start() {
    mkdirSync(this.folder, { recursive: true });
    this.child = spawn(this.script, [...this.args, this.folder], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    this.url = await new Promise((resolve, reject) => {
      let text = '';
      this.child.stdout.on('data', (data) => {
        text += data;
        if (text.includes('\n')) resolve(text.split('\n')[0].trim());
      });
      this.child.once('error', reject);
      this.child.once('exit', () => reject(new Error(`${this.script} ended before it was ready`)));
    });
    return this.url;
  }

  /** The server's own process, below the script. */
  get pid() {
    for (const name of ['pid', 'data/postmaster.pid']) {
      const file = join(this.folder, name);
      if (existsSync(file)) return Number(readFileSync(file, 'utf8').split('\n')[0]);
    }
    throw new Error(`no process is known in ${this.folder}`);
  }

  /** The server's own process and those below it: all of them stand still when it is frozen. */
  family() {
    const below = execFileSync('ps', ['-o', 'pid=', '--ppid', String(this.pid)], { encoding: 'utf8' });
    return [this.pid, ...below.trim().split(/\s+/).filter(Boolean).map(Number)];
  }

  signal(name) {
    try {
      process.kill(this.pid, name);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }

  /** Kills it with everything below it, as a power cut would, and waits until the script has gone too. */
  async kill() {
    for (const pid of this.family()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It went with its parent.
      }
    }
    await this.ended();
  }

  async stop() {
    this.child.stdin.end();
    await this.ended();
  }

  async ended() {
    await until(`${this.script} ends`, () => this.child.exitCode !== null || this.child.signalCode !== null, 30_000);
  }
}
