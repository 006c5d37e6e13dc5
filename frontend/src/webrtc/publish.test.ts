import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeEnvironment } from './fakes';
import { PublishSession, type PublishState } from './publish';

const REQUEST = { url: 'ws://h/App/websocket', streamId: 's', credentials: { subscriberId: 'a', subscriberCode: '1' } };
const TRACKS = [{ kind: 'audio' }, { kind: 'video' }];
const STREAM = {
  getTracks: () => TRACKS,
  getAudioTracks: () => TRACKS.slice(0, 1),
  getVideoTracks: () => TRACKS.slice(1),
} as unknown as MediaStream;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open() {
  const environment = fakeEnvironment();
  const states: PublishState[] = [];
  const session = new PublishSession(REQUEST, STREAM, (state) => states.push(state), environment);
  const [socket] = environment.sockets;
  if (socket === undefined) throw new Error('no socket was opened');
  socket.open();
  return { session, socket, environment, states };
}

async function live() {
  const opened = open();
  opened.socket.says({ command: 'start', streamId: 's' });
  await vi.advanceTimersByTimeAsync(0);
  opened.socket.says({ command: 'takeConfiguration', streamId: 's', type: 'answer', sdp: 'the answer' });
  await vi.advanceTimersByTimeAsync(0);
  opened.socket.says({ command: 'notification', definition: 'publish_started', streamId: 's' });
  return opened;
}

describe('a publisher', () => {
  it('offers nothing before it is let in', async () => {
    const { socket, environment, states } = open();
    await vi.advanceTimersByTimeAsync(1000);
    expect(socket.sent.map(({ command }) => command)).toEqual(['getIceServerConfig', 'publish']);
    expect(socket.of('publish')[0]).toMatchObject({ streamId: 's', subscriberId: 'a', subscriberCode: '1', video: true, audio: true });
    expect(environment.connections).toEqual([]);
    expect(states).toEqual([{ kind: 'connecting' }]);
  });

  it('then offers its tracks, H.264 first, and is live when the server says so', async () => {
    const { socket, environment, states } = await live();
    expect(environment.connections[0]?.sending).toEqual(['audio', 'video']);
    expect(environment.connections[0]?.preferred).toEqual(['video/H264', 'video/VP8', 'video/AV1']);
    expect(environment.connections[0]?.remoteDescription).toEqual({ type: 'answer', sdp: 'the answer' });
    expect(socket.of('takeConfiguration')).toEqual([{ command: 'takeConfiguration', streamId: 's', type: 'offer', sdp: 'the offer' }]);
    expect(states.at(-1)).toEqual({ kind: 'live' });
  });

  it('ends by its own hand', async () => {
    const { session, socket, states } = await live();
    session.stop();
    expect(socket.of('stop')).toHaveLength(1);
    expect(states.at(-1)).toEqual({ kind: 'ended', by: 'us' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('that the server takes off the air stays off', async () => {
    const { environment, socket, states } = await live();
    socket.says({ command: 'notification', definition: 'publish_finished', streamId: 's' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(states.at(-1)).toEqual({ kind: 'ended', by: 'server' });
    expect(environment.sockets).toHaveLength(1);
  });

  it.each(['user_blocked', 'unauthorized_access', 'streamIdInUse', 'highResourceUsage'])('hears of a refusal: %s', (definition) => {
    const { socket, states } = open();
    socket.says({ command: 'error', definition, streamId: 's' });
    expect(states.at(-1)).toEqual({ kind: 'refused', definition, until: undefined });
  });

  it('comes back after a break, though its old connection still has the stream', async () => {
    const { environment, socket, states } = await live();
    socket.close();
    expect(states.at(-1)).toEqual({ kind: 'reconnecting' });
    await vi.advanceTimersByTimeAsync(3000);
    environment.sockets[1]?.open();
    environment.sockets[1]?.says({ command: 'error', definition: 'streamIdInUse', streamId: 's' });
    await vi.advanceTimersByTimeAsync(3000);
    const third = environment.sockets[2];
    third?.open();
    third?.says({ command: 'start', streamId: 's' });
    third?.says({ command: 'notification', definition: 'publish_started', streamId: 's' });
    expect(states.at(-1)).toEqual({ kind: 'live' });
  });

  it('whose media never arrives is told', async () => {
    const { socket, states } = open();
    socket.says({ command: 'start', streamId: 's' });
    await vi.advanceTimersByTimeAsync(15_000);
    expect(states.at(-1)).toMatchObject({ kind: 'refused', definition: 'publishTimeoutError' });
  });
});
