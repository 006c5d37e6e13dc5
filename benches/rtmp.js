// An RTMP player that only counts: handshake, connect, createStream and play in one go, then bytes.

import { connect } from 'node:net';
import { randomBytes } from 'node:crypto';

/** Starts to play `rtmp://host:port/app/stream?query`. `bytes` and `last` (ms) tell what came; `first` when it began. */
export function playRtmp(address) {
  const { hostname, port, pathname, search } = new URL(address);
  const [, application, stream] = pathname.split('/');
  const socket = connect(Number(port), hostname);
  const state = { bytes: 0, first: undefined, last: 0, ended: false, socket };
  let handshake = 1 + 1536 + 1536;
  let replied = false;
  socket.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(8), randomBytes(1528)]));
  let held = Buffer.alloc(0);
  socket.on('data', (data) => {
    if (handshake > 0) {
      held = Buffer.concat([held, data]);
      if (!replied && held.length >= 1 + 1536) {
        replied = true;
        socket.write(Buffer.concat([held.subarray(1, 1 + 1536), ...requests(hostname, port, application, stream + search)]));
      }
      if (held.length < handshake) return;
      data = held.subarray(handshake);
      handshake = 0;
    }
    state.bytes += data.length;
    state.last = performance.now();
    state.first ??= state.last;
  });
  socket.on('error', () => {});
  socket.on('close', () => (state.ended = true));
  return state;
}

function requests(host, port, application, key) {
  const connectTo = { app: application, type: 'nonprivate', flashVer: 'LNX 9,0,124,2', tcUrl: `rtmp://${host}:${port}/${application}` };
  return [
    // Set Chunk Size, so that no message of ours is split.
    message(2, 1, 0, Buffer.from([0, 1, 0, 0])),
    message(3, 20, 0, Buffer.concat([text('connect'), number(1), object(connectTo)])),
    message(3, 20, 0, Buffer.concat([text('createStream'), number(2), Buffer.from([5])])),
    message(8, 20, 1, Buffer.concat([text('play'), number(3), Buffer.from([5]), text(key), number(-2000)])),
  ];
}

function message(chunkStream, type, stream, body) {
  const head = Buffer.alloc(12);
  head[0] = chunkStream;
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
