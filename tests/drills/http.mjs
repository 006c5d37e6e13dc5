// HTTP for the drills: many clients, each with an address of its own, that remember what they met.

import { Agent, request } from 'node:http';

import { sleep } from '../../scripts/cluster/parts.mjs';

/** A client's address by number: 127.40.x.y. */
export const addressOf = (number, net = 40) => `127.${net}.${(number >> 8) & 255}.${number & 255}`;

/** One client with one connection. Answers `{ status, text, ms }`; status 0 when there was no answer in time. */
export class Client {
  constructor(origin, from) {
    this.origin = new URL(origin);
    this.from = from;
    this.agent = new Agent({ keepAlive: true, maxSockets: 4, localAddress: from });
  }

  send(method, path, { body, patience = 15_000, headers = {} } = {}) {
    const begun = performance.now();
    return new Promise((resolve) => {
      const done = (status, text = '') => resolve({ status, text, ms: performance.now() - begun });
      const asked = request(
        {
          host: this.origin.hostname,
          port: this.origin.port,
          method,
          path,
          agent: this.agent,
          localAddress: this.from,
          headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
          signal: AbortSignal.timeout(patience),
        },
        (answer) => {
          const parts = [];
          answer.on('data', (data) => parts.push(data));
          answer.on('end', () => done(answer.statusCode, Buffer.concat(parts).toString('latin1')));
          answer.on('error', () => done(0));
        },
      );
      asked.on('error', () => done(0));
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  get(path, options) {
    return this.send('GET', path, options);
  }

  close() {
    this.agent.destroy();
  }
}

/** An HLS player: the multivariant playlist once, then media playlist and newest segment every second or so. */
export class HlsViewer {
  constructor(origin, from, application, stream, query) {
    Object.assign(this, { application, stream, query, wanted: true });
    this.client = new Client(origin, from);
    Object.assign(this, { requests: 0, errors: 0, beyondRetry: 0, longestGap: 0, entries: 0, statuses: new Map() });
    this.running = this.#run();
  }

  async #run() {
    // Players do not march in step.
    await sleep(Math.random() * 2_000);
    let seen;
    let failures = 0;
    while (this.wanted) {
      const ok = await this.#round(() => seen, (segment) => (seen = segment));
      failures = ok ? 0 : failures + 1;
      if (!ok) {
        this.errors += 1;
        if (failures > 1) this.beyondRetry += 1;
        // A ticket that leads nowhere any more is given up after a while, as players reload.
        if (failures > 5) this.media = undefined;
      }
      await sleep(ok ? 1_000 + Math.random() * 500 : 500);
    }
  }

  async #round(seen, see) {
    if (this.media === undefined) {
      const answer = await this.#ask(`/${this.application}/streams/${this.stream}.m3u8?${this.query}`);
      const line = answer.status === 200 && answer.text.split('\n').find((text) => text.startsWith(`${this.stream}/video`));
      if (!line) return false;
      this.entries += 1;
      this.media = `/${this.application}/streams/${line.trim()}`;
    }
    const playlist = await this.#ask(this.media);
    if (playlist.status !== 200) return false;
    const newest = playlist.text.trim().split('\n').findLast((line) => !line.startsWith('#') && line.includes('.m4s'));
    if (newest === undefined) return false;
    if (newest === seen()) return true;
    const segment = await this.#ask(`${this.media.slice(0, this.media.lastIndexOf('/'))}/${newest.trim()}`);
    if (segment.status !== 200) return false;
    see(newest);
    const now = Date.now();
    if (this.last) this.longestGap = Math.max(this.longestGap, now - this.last);
    this.last = now;
    return true;
  }

  async #ask(path) {
    const answer = await this.client.get(path, { patience: 6_000 });
    this.requests += 1;
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    return answer;
  }

  /** Forgets what happened so far. */
  reset() {
    Object.assign(this, { requests: 0, errors: 0, beyondRetry: 0, longestGap: 0, statuses: new Map() });
    this.last = Date.now();
  }

  async stop() {
    this.wanted = false;
    await this.running;
    this.client.close();
  }
}
