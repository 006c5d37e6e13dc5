// RTMP publishers and players for the drills, many in one process. They come back by themselves, as encoders and
// players do, and count what happened to them.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HANDSHAKE, greeting, message, requests } from './rtmp-messages.mjs';

/** The messages of a clip of ten seconds, 320x180 at 15 frames a second with sound: `{ type, at, body }`, at in ms. */
export function clipMessages() {
  const path = join(tmpdir(), 'sluice-drill.flv');
  if (!existsSync(path)) {
    execFileSync('ffmpeg', [
      ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=15'],
      ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100', '-t', '10', '-c:v', 'libx264', '-preset', 'veryfast'],
      ...['-profile:v', 'main', '-pix_fmt', 'yuv420p', '-g', '30', '-keyint_min', '30', '-sc_threshold', '0', '-bf', '0'],
      ...['-b:v', '100k', '-maxrate', '100k', '-bufsize', '100k', '-c:a', 'aac', '-b:a', '32k', '-f', 'flv', path],
    ]);
  }
  const flv = readFileSync(path);
  const messages = [];
  for (let at = 13; at + 11 <= flv.length; ) {
    const size = flv.readUIntBE(at + 1, 3);
    const time = flv.readUIntBE(at + 4, 3) | (flv[at + 7] << 24);
    const body = flv.subarray(at + 11, at + 11 + size);
    if (flv[at] === 8 || flv[at] === 9) messages.push({ type: flv[at], at: time, body });
    at += 11 + size + 4;
  }
  return messages;
}

/** One connection up to the answer to `publish` or `play`; `answered(code)` and `data(bytes)` tell what comes. */
function dial(address, from, command, { answered, data, closed }) {
  const { hostname, port, pathname, search } = new URL(address);
  const [, application, stream] = pathname.split('/');
  const socket = connect({ host: hostname, port: Number(port), localAddress: from });
  socket.setNoDelay(true);
  let head = Buffer.alloc(0);
  let stage = 'handshake';
  let replied = false;
  socket.write(greeting());
  socket.on('data', (bytes) => {
    if (stage === 'playing') return data(bytes);
    head = Buffer.concat([head, bytes]);
    if (stage === 'handshake') {
      if (head.length >= 1 + HANDSHAKE && !replied) {
        replied = true;
        socket.write(Buffer.concat([head.subarray(1, 1 + HANDSHAKE), ...requests(hostname, port, application, stream + search, command)]));
      }
      if (head.length < 1 + 2 * HANDSHAKE) return;
      head = head.subarray(1 + 2 * HANDSHAKE);
      stage = 'asking';
    }
    // Statuses are short and never split over chunks with our chunk size; the code stands in clear.
    const code = /NetStream\.[A-Za-z.]+/.exec(head.toString('latin1').replace(/NetStream\.Play\.Reset/g, ''))?.[0];
    if (code === undefined) return;
    stage = 'playing';
    answered(code);
    data(head);
    head = Buffer.alloc(0);
  });
  socket.on('error', () => {});
  socket.on('close', closed);
  return socket;
}

/** Publishes a clip over and over; comes back half a second after every end. */
export class Publisher {
  constructor(address, from, messages) {
    Object.assign(this, { address, from, messages, wanted: true, isLive: false, starts: 0, refusals: [], longestGap: 0 });
    this.#open();
  }

  #open() {
    if (!this.wanted) return;
    let timer;
    this.socket = dial(this.address, this.from, 'publish', {
      answered: (code) => {
        if (code !== 'NetStream.Publish.Start') {
          this.refusals.push({ at: Date.now(), code });
          this.socket.destroy();
          return;
        }
        if (this.lostAt) this.longestGap = Math.max(this.longestGap, Date.now() - this.lostAt);
        this.lostAt = undefined;
        this.isLive = true;
        this.starts += 1;
        timer = this.#play();
      },
      data: () => {},
      closed: () => {
        clearInterval(timer);
        if (this.isLive) this.lostAt = Date.now();
        this.isLive = false;
        if (this.wanted) setTimeout(() => this.#open(), 500);
      },
    });
  }

  #play() {
    const begun = Date.now();
    const length = this.messages.at(-1).at + 67;
    let [next, round] = [0, 0];
    return setInterval(() => {
      const now = Date.now() - begun;
      const due = [];
      for (;;) {
        const { type, at, body } = this.messages[next];
        if (round * length + at > now) break;
        const chunk = message(type === 8 ? 4 : 6, type, 1, body, round * length + at);
        // The decoder configuration comes once.
        if (round === 0 || body[1] !== 0) due.push(chunk);
        next += 1;
        if (next === this.messages.length) [next, round] = [0, round + 1];
      }
      // A server that takes nothing must not fill our memory.
      if (due.length > 0 && this.socket.writableLength < 1 << 20) this.socket.write(Buffer.concat(due));
    }, 40);
  }

  stop() {
    this.wanted = false;
    this.socket.destroy();
  }
}

/** Plays a stream; comes back half a second after every end. */
export class Player {
  constructor(address, from) {
    Object.assign(this, { address, from, wanted: true, plays: 0, refusals: [], longestGap: 0, last: Date.now() });
    this.#open();
  }

  #open() {
    if (!this.wanted) return;
    let bytes = 0;
    this.socket = dial(this.address, this.from, 'play', {
      answered: (code) => {
        if (code === 'NetStream.Play.Start') return;
        this.refusals.push({ at: Date.now(), code });
        this.socket.destroy();
      },
      data: (chunk) => {
        const counted = bytes > 5_000;
        bytes += chunk.length;
        if (bytes > 5_000 && !counted) this.plays += 1;
        if (chunk.length > 200) this.#heard();
      },
      closed: () => {
        if (this.wanted) setTimeout(() => this.#open(), 500);
      },
    });
  }

  #heard() {
    const now = Date.now();
    this.longestGap = Math.max(this.longestGap, now - this.last);
    this.last = now;
  }

  stop() {
    this.#heard();
    this.wanted = false;
    this.socket.destroy();
  }
}
