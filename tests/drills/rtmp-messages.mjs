// What an RTMP client writes (RTMP 1.0 §5.2, §5.3, §7.2), as short as servers accept it.

import { randomBytes } from 'node:crypto';

/** Bytes of each of C1, C2, S1 and S2. */
export const HANDSHAKE = 1536;

/** C0 and C1. */
export const greeting = () => Buffer.concat([Buffer.from([3]), Buffer.alloc(8), randomBytes(HANDSHAKE - 8)]);

/** All that a client says after the handshake: connect, createStream, and `command`, which is play or publish. */
export function requests(host, port, application, key, command) {
  const connectTo = { app: application, type: 'nonprivate', flashVer: 'FMLE/3.0', tcUrl: `rtmp://${host}:${port}/${application}` };
  const last = command === 'play' ? number(-2000) : text('live');
  return [
    // Set Chunk Size, so that no message of ours is split.
    message(2, 1, 0, Buffer.from([0, 1, 0, 0])),
    message(3, 20, 0, Buffer.concat([text('connect'), number(1), object(connectTo)])),
    message(3, 20, 0, Buffer.concat([text('createStream'), number(2), Buffer.from([5])])),
    message(8, 20, 1, Buffer.concat([text(command), number(3), Buffer.from([5]), text(key), last])),
  ];
}

/** One message in one chunk; the peer must have been told a chunk size that it fits. `at` in ms. */
export function message(chunkStream, type, stream, body, at = 0) {
  const head = Buffer.alloc(12);
  head[0] = chunkStream;
  head.writeUIntBE(Math.min(at, 0xfffffe), 1, 3);
  head.writeUIntBE(body.length, 4, 3);
  head[7] = type;
  head.writeUInt32LE(stream, 8);
  return Buffer.concat([head, body]);
}

function bare(value) {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

const text = (value) => Buffer.concat([Buffer.from([2]), bare(value)]);

function number(value) {
  const bytes = Buffer.alloc(9);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

const object = (fields) =>
  Buffer.concat([
    Buffer.from([3]),
    ...Object.entries(fields).map(([name, value]) => Buffer.concat([bare(name), text(value)])),
    Buffer.from([0, 0, 9]),
  ]);
