import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeEnvironment } from './fakes';
import { PlaySession, type Held, type PlaySessionEnd } from './play';

const REQUEST = { url: 'ws://h/App/websocket', streamId: 's', credentials: { token: 'T', subscriberId: 'b', subscriberCode: '1' } };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A session whose socket is not open yet. */
function start() {
  const environment = fakeEnvironment();
  const seen = { held: [] as Held[], ends: [] as PlaySessionEnd[], playing: 0 };
  const session = new PlaySession(
    REQUEST,
    {
      stream: () => undefined,
      playing: () => (seen.playing += 1),
      held: (held) => seen.held.push(held),
      ended: (end) => seen.ends.push(end),
    },
    environment,
  );
  return { session, environment, seen };
}

/** The same, open. */
function open() {
  const started = start();
  const [socket] = started.environment.sockets;
  if (socket === undefined) throw new Error('no socket was opened');
  socket.open();
  return { ...started, socket };
}

/** Open, with media that arrives. */
async function playing() {
  const opened = open();
  const { socket, environment } = opened;
  socket.says({ command: 'takeConfiguration', streamId: 's', type: 'offer', sdp: 'the offer' });
  const [connection] = environment.connections;
  if (connection === undefined) throw new Error('no connection was opened');
  connection.becomes('connected');
  connection.bytes = 1000;
  await vi.advanceTimersByTimeAsync(500);
  return { ...opened, connection };
}

describe('a player', () => {
  it('asks with its credentials in the message, and answers the offer', async () => {
    const { socket, seen, connection } = await playing();
    expect(socket.url).toBe('ws://h/App/websocket');
    expect(socket.sent.map(({ command }) => command)).toEqual(['getIceServerConfig', 'play', 'takeConfiguration']);
    expect(socket.of('play')[0]).toMatchObject({ streamId: 's', token: 'T', subscriberId: 'b', subscriberCode: '1' });
    expect(socket.of('takeConfiguration')[0]).toMatchObject({ type: 'answer', sdp: 'the answer' });
    expect(connection.remoteDescription).toEqual({ type: 'offer', sdp: 'the offer' });
    expect(seen.playing).toBe(1);
  });

  it('uses the ICE servers that it was told', async () => {
    const { socket, environment } = open();
    socket.says({ command: 'iceServerConfig', stunServerUri: 'stun:h', turnServerUsername: '', turnServerCredential: '' });
    socket.says({ command: 'takeConfiguration', streamId: 's', type: 'offer', sdp: 'the offer' });
    expect(environment.connections[0]?.iceServers).toEqual([{ urls: 'stun:h' }]);
  });

  it('keeps candidates until the description is there', async () => {
    const { socket, environment } = open();
    socket.says({ command: 'takeConfiguration', streamId: 's', type: 'offer', sdp: 'the offer' });
    socket.says({ command: 'takeCandidate', streamId: 's', label: 1, candidate: 'candidate:1' });
    socket.says({ command: 'takeCandidate', streamId: 's', label: 1, candidate: '' });
    await vi.advanceTimersByTimeAsync(0);
    expect(environment.connections[0]?.candidates).toEqual([{ sdpMLineIndex: 1, candidate: 'candidate:1' }]);
  });

  it('answers later offers on the same connection', async () => {
    const { socket, environment } = await playing();
    socket.says({ command: 'takeConfiguration', streamId: 's', type: 'offer', sdp: 'another' });
    await vi.advanceTimersByTimeAsync(0);
    expect(environment.connections).toHaveLength(1);
    expect(socket.of('takeConfiguration')).toHaveLength(2);
  });

  it('leaves alone what is meant for another stream', () => {
    const { socket, environment, seen } = open();
    socket.says({ command: 'takeConfiguration', streamId: 'other', type: 'offer', sdp: 'x' });
    socket.says({ command: 'error', streamId: 'other', definition: 'unauthorized_access' });
    expect([environment.connections, seen.ends]).toEqual([[], []]);
  });

  it('stands still while blocked, and plays on when media comes again, without asking', async () => {
    const { socket, seen, connection } = await playing();
    socket.says({ command: 'notification', definition: 'subscriber_blocked', streamId: 's', blockedUntil: 9000 });
    connection.bytes += 10;
    await vi.advanceTimersByTimeAsync(2000);
    expect(seen.held).toEqual([{ why: 'blocked', until: 9000 }]);
    expect(seen.playing).toBe(1);
    socket.says({ command: 'notification', definition: 'subscriber_unblocked', streamId: 's' });
    await vi.advanceTimersByTimeAsync(500);
    expect(seen.playing).toBe(1);
    connection.bytes += 10;
    await vi.advanceTimersByTimeAsync(500);
    expect(seen.playing).toBe(2);
    expect(socket.of('play')).toHaveLength(1);
  });

  it('that comes while blocked asks again until the block is over', async () => {
    const { socket, seen } = open();
    socket.says({ command: 'error', definition: 'user_blocked', streamId: 's' });
    expect(seen.held).toEqual([{ why: 'blocked', until: undefined }]);
    await vi.advanceTimersByTimeAsync(3500);
    expect(socket.of('play')).toHaveLength(2);
  });

  it('waits for a stream that is not live, for as long as it takes', async () => {
    const { socket, seen } = open();
    const error = { command: 'error', definition: 'no_stream_exist', streamId: 's', information: 'stream_not_exist_or_not_streaming' };
    socket.says(error);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(seen.held).toEqual([{ why: 'waiting', ended: false }]);
    expect(seen.ends).toEqual([]);
    expect(socket.of('play')).toHaveLength(1);
    socket.says({ command: 'notification', definition: 'streaming_started', streamId: 's' });
    expect(socket.of('play')).toHaveLength(2);
  });

  it('waits again when the stream has ended', async () => {
    const { socket, seen, connection } = await playing();
    socket.says({ command: 'notification', definition: 'play_finished', streamId: 's' });
    expect(seen.held).toEqual([{ why: 'waiting', ended: true }]);
    expect(connection.connectionState).toBe('closed');
    await vi.advanceTimersByTimeAsync(1000);
    expect(socket.of('play')).toHaveLength(2);
  });

  it('makes a new connection when the path is silent for too long', async () => {
    const { socket, seen, connection } = await playing();
    connection.becomes('disconnected');
    expect(seen.held).toEqual([{ why: 'reconnecting' }]);
    await vi.advanceTimersByTimeAsync(4000);
    expect(socket.sent.slice(-2).map(({ command }) => command)).toEqual(['stop', 'play']);
  });

  it('stays with a path that comes back', async () => {
    const { socket, seen, connection } = await playing();
    connection.becomes('disconnected');
    connection.becomes('connected');
    connection.bytes += 10;
    await vi.advanceTimersByTimeAsync(5000);
    expect(seen.playing).toBe(2);
    expect(socket.of('play')).toHaveLength(1);
  });

  it.each([
    ['unauthorized_access', 'refused'],
    ['stream_not_active_or_expired', 'refused'],
    ['viewerLimitReached', 'unavailable'],
    ['data_store_not_available', 'unavailable'],
    ['notSetRemoteDescription', 'failed'],
    ['something new', 'failed'],
  ])('that hears %s is %s', (definition, kind) => {
    const { socket, seen } = open();
    socket.says({ command: 'error', definition, streamId: 's' });
    expect(seen.ends).toEqual([{ kind, definition }]);
    expect(socket.readyState).toBe(3);
  });

  it('goes elsewhere when WebRTC is off', () => {
    const { socket, seen } = open();
    socket.says({ command: 'error', definition: 'no_stream_exist', streamId: 's', information: 'webrtc_not_enabled' });
    expect(seen.ends).toEqual([{ kind: 'failed', definition: 'no_stream_exist' }]);
  });

  it('gives up in time: no socket', async () => {
    const { environment, seen } = start();
    await vi.advanceTimersByTimeAsync(5000);
    expect(seen.ends).toEqual([{ kind: 'failed', definition: 'WebSocketNotConnected' }]);
    expect(environment.sockets[0]?.readyState).toBe(3);
  });

  it('gives up in time: no path', async () => {
    const { socket, seen } = open();
    socket.says({ command: 'takeConfiguration', streamId: 's', type: 'offer', sdp: 'the offer' });
    await vi.advanceTimersByTimeAsync(8000);
    expect(seen.ends).toEqual([{ kind: 'failed', definition: 'no path' }]);
  });

  it('that lost what worked says so, once', async () => {
    const { socket, seen, connection } = await playing();
    socket.close();
    connection.becomes('failed');
    expect(seen.ends).toEqual([{ kind: 'lost' }]);
  });

  it('says goodbye when it is closed, and nothing any more', async () => {
    const { session, socket, seen } = await playing();
    session.close();
    expect(socket.of('stop')).toHaveLength(1);
    expect(seen.ends).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
