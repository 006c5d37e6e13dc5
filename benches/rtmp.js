// An RTMP player that only counts: handshake, connect, createStream and play in one go, then bytes.

import { connect } from 'node:net';

import { HANDSHAKE, greeting, requests } from '../tests/drills/rtmp-messages.mjs';

/** Starts to play `rtmp://host:port/app/stream?query`. `bytes` and `last` (ms) tell what came; `first` when it began. */
export function playRtmp(address) {
  const { hostname, port, pathname, search } = new URL(address);
  const [, application, stream] = pathname.split('/');
  const socket = connect(Number(port), hostname);
  const state = { bytes: 0, first: undefined, last: 0, ended: false, socket };
  const handshake = 1 + 2 * HANDSHAKE;
  let met = false;
  let replied = false;
  socket.write(greeting());
  let held = Buffer.alloc(0);
  socket.on('data', (data) => {
    if (!met) {
      held = Buffer.concat([held, data]);
      if (!replied && held.length >= 1 + HANDSHAKE) {
        replied = true;
        socket.write(Buffer.concat([held.subarray(1, 1 + HANDSHAKE), ...requests(hostname, port, application, stream + search, 'play')]));
      }
      if (held.length < handshake) return;
      data = held.subarray(handshake);
      met = true;
    }
    state.bytes += data.length;
    state.last = performance.now();
    state.first ??= state.last;
  });
  socket.on('error', () => {});
  socket.on('close', () => (state.ended = true));
  return state;
}
