// Networks between a page and the server that are worse than the loopback: slow ones, and such as go dead without a word.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** What waits to leave at most, as in a modem; what does not fit is lost. */
const QUEUE_BYTES = 32 * 1024;
/** What may leave in one go. */
const BURST_BYTES = 3_000;

/**
 * Passes datagrams between pages and UDP `port` of the loopback: those to the server at once, those to pages through one
 * token bucket. `limit(bps)` sets what that lets through, at first everything; `cut()` lets nothing more through in either
 * direction for the peers that are there.
 */
export async function datagramNetwork(port) {
  const outside = createSocket('udp4');
  outside.bind(0, '127.0.0.1');
  await once(outside, 'listening');
  /** One socket to the server for each peer, so that the server tells them apart. */
  const inside = new Map();
  const dead = new Set();
  const queue = [];
  let [queued, bps, tokens, refilled, timer] = [0, Infinity, BURST_BYTES, performance.now(), undefined];

  function drain() {
    clearTimeout(timer);
    const now = performance.now();
    tokens = bps === Infinity ? Infinity : Math.min(BURST_BYTES, tokens + ((now - refilled) * bps) / 8_000);
    refilled = now;
    while (queue.length > 0 && tokens >= queue[0].datagram.length) {
      const { datagram, peer } = queue.shift();
      queued -= datagram.length;
      tokens -= datagram.length;
      outside.send(datagram, peer.port, peer.address);
    }
    if (queue.length > 0) timer = setTimeout(drain, Math.ceil(((queue[0].datagram.length - tokens) * 8_000) / bps));
  }

  const network = {
    port: outside.address().port,
    limit(bitsPerSecond) {
      bps = bitsPerSecond;
      drain();
    },
    cut() {
      for (const name of inside.keys()) dead.add(name);
    },
    stop() {
      clearTimeout(timer);
      outside.close();
      for (const socket of inside.values()) socket.close();
    },
  };
  outside.on('message', (datagram, peer) => {
    const name = `${peer.address}:${peer.port}`;
    if (dead.has(name)) return;
    let socket = inside.get(name);
    if (!socket) {
      socket = createSocket('udp4');
      inside.set(name, socket);
      socket.on('message', (answer) => {
        if (dead.has(name)) return;
        if (queued + answer.length > QUEUE_BYTES) return;
        queued += answer.length;
        queue.push({ datagram: answer, peer });
        drain();
      });
    }
    socket.send(datagram, port, '127.0.0.1');
  });
  return network;
}

/** Passes connections on to `origin`. After `cut()` nothing more comes through those that are there, not even their end. */
export async function connectionNetwork(origin) {
  const { hostname, port } = new URL(origin);
  const pairs = new Set();
  const listening = createServer((outside) => {
    const inside = connect(Number(port), hostname);
    const pair = { outside, inside, isDead: false };
    pairs.add(pair);
    for (const [from, to] of [[outside, inside], [inside, outside]]) {
      from.on('data', (bytes) => pair.isDead || to.write(bytes));
      from.on('close', () => pair.isDead || to.destroy());
      from.on('error', () => undefined);
    }
  });
  await once(listening.listen(0, '127.0.0.1'), 'listening');
  return {
    origin: `http://127.0.0.1:${listening.address().port}`,
    cut() {
      for (const pair of pairs) pair.isDead = true;
    },
    stop() {
      listening.close();
      for (const { outside, inside } of pairs) {
        outside.destroy();
        inside.destroy();
      }
    },
  };
}
