import { describe, expect, it } from 'vitest';
import { Controller, type Held, type PlayEnd, type PlayHooks, type Source, type Status } from './controller';
import { readAnswer } from './answer';
import { parseParameters } from './parameters';

/** Runs a viewing against scripted answers; aborts when the script is used up. Time passes at once. */
async function watch(query: string, script: { probes: number[]; ends: (PlayEnd & { session?: string; held?: Held })[] }) {
  const parameters = parseParameters(query);
  const stop = new AbortController();
  const probes = [...script.probes];
  const ends = [...script.ends];
  const seen = { urls: [] as string[], states: [] as string[], delays: [] as number[], played: [] as Source[], hooks: [] as PlayHooks[], held: [] as (Status | undefined)[] };
  let last: Status | undefined;
  const controller = new Controller(
    { ...parameters, streamId: parameters.streamId ?? '' },
    {
      pageUrl: 'http://h/App/play.html',
      probe: (url) => {
        const status = probes.shift();
        if (status === undefined) stop.abort();
        else seen.urls.push(url.replace('http://h/App/streams/', ''));
        return Promise.resolve({ status: status ?? 0, retryAfter: status === 503 ? '7' : null });
      },
      play: (source, hooks) => {
        seen.played.push(source);
        seen.hooks.push(hooks);
        const end = ends.shift();
        if (end?.kind !== 'failed' && !(end?.kind === 'status' && source.technology === 'webrtc')) hooks.onStarted();
        if (end?.held) {
          hooks.onHeld(end.held);
          seen.held.push(last);
        }
        if (end?.session) hooks.onSession(end.session);
        if (end === undefined) stop.abort();
        return Promise.resolve(end ?? { kind: 'ended' });
      },
      delay: (ms) => {
        seen.delays.push(ms);
        return Promise.resolve();
      },
    },
    (status) => {
      if (last?.state !== status.state) seen.states.push(status.state);
      last = status;
    },
  );
  await controller.run(stop.signal);
  return { ...seen, last };
}

describe('a viewing', () => {
  it('plays the first address that answers', async () => {
    const seen = await watch('?id=s&token=T&playOrder=hls', { probes: [404, 200], ends: [] });
    expect(seen.urls).toEqual(['s_adaptive.m3u8?token=T', 's.m3u8?token=T']);
    expect(seen.states).toEqual(['connecting', 'playing']);
  });

  it('waits for a stream that is not live, going round the technologies 3 s apart', async () => {
    const seen = await watch('?id=s&playOrder=hls,dash', { probes: [404, 404, 404, 200], ends: [] });
    expect(seen.urls).toEqual(['s_adaptive.m3u8', 's.m3u8', 's/s.mpd', 's_adaptive.m3u8']);
    expect(seen.delays).toEqual([3000, 3000]);
    expect(seen.states).toEqual(['connecting', 'waiting', 'playing']);
  });

  it('resumes after a block with the ticket it had, without asking for a new code', async () => {
    const seen = await watch('?id=s&playOrder=hls&subscriberId=b&subscriberCode=1', {
      probes: [200, 401, 401, 200],
      ends: [{ kind: 'status', status: 401, session: 'ticket=T' }],
    });
    expect(seen.urls.slice(1)).toEqual(['s_adaptive.m3u8?ticket=T', 's_adaptive.m3u8?ticket=T', 's_adaptive.m3u8?ticket=T']);
    expect(seen.states).toEqual(['connecting', 'playing', 'blocked', 'playing']);
    expect(seen.delays).toEqual([2000, 2000, 2000]);
  });

  it('stops at a refusal', async () => {
    const seen = await watch('?id=s&playOrder=hls', { probes: [403, 200], ends: [] });
    expect(seen.states).toEqual(['connecting', 'refused']);
    expect(seen.played).toEqual([]);
  });

  it('tries the credentials once more when a ticket has run out', async () => {
    const seen = await watch('?id=s&token=T&playOrder=hls', {
      probes: [200, 200],
      ends: [{ kind: 'status', status: 403, session: 'ticket=old' }],
    });
    expect(seen.urls).toEqual(['s_adaptive.m3u8?token=T', 's_adaptive.m3u8?token=T']);
  });

  it('waits again after the end, and knows that a finished playlist is the same end', async () => {
    const seen = await watch('?id=s&playOrder=hls', { probes: [200, 404, 404, 200], ends: [{ kind: 'ended' }] });
    expect(seen.states).toEqual(['connecting', 'playing', 'waiting', 'playing']);
    expect(seen.hooks.map((hooks) => hooks.endedBefore)).toEqual([false, true]);
    expect(seen.last?.ended).toBe(false);
  });

  it('honours Retry-After while nobody can decide', async () => {
    const seen = await watch('?id=s&playOrder=hls', { probes: [503, 200], ends: [] });
    expect(seen.delays).toEqual([7000]);
    expect(seen.states).toEqual(['connecting', 'unavailable', 'playing']);
  });

  it('goes on to the next technology at once when one cannot play, and rests when all have had their turn', async () => {
    const seen = await watch('?id=s&playOrder=hls,dash', { probes: [200, 200, 200], ends: [{ kind: 'failed' }, { kind: 'failed' }] });
    expect(seen.played.map((source) => source.technology)).toEqual(['hls', 'dash', 'hls']);
    expect(seen.delays).toEqual([3000]);
  });
});

describe('a viewing over WebRTC', () => {
  it('begins with signaling beside the page, whose address proves nothing', async () => {
    const seen = await watch('?id=s&token=T&subscriberId=b&subscriberCode=1', { probes: [], ends: [] });
    expect(seen.urls).toEqual([]);
    expect(seen.played).toEqual([
      {
        technology: 'webrtc',
        url: 'ws://h/App/websocket',
        streamId: 's',
        credentials: { token: 'T', subscriberId: 'b', subscriberCode: '1' },
      },
    ]);
    expect(seen.states).toEqual(['connecting', 'playing']);
  });

  it('falls back in the order of the address', async () => {
    const seen = await watch('?id=s&playOrder=webrtc,dash', { probes: [200], ends: [{ kind: 'failed' }] });
    expect(seen.played.map((source) => source.technology)).toEqual(['webrtc', 'dash']);
    expect(seen.delays).toEqual([]);
  });

  it('comes back to it after a break', async () => {
    const seen = await watch('?id=s', { probes: [], ends: [{ kind: 'lost' }] });
    expect(seen.played.map((source) => source.technology)).toEqual(['webrtc', 'webrtc']);
    expect(seen.states).toEqual(['connecting', 'playing', 'reconnecting', 'playing']);
    expect(seen.delays).toEqual([1000]);
  });

  it('tells how long a block lasts, and forgets it afterwards', async () => {
    const seen = await watch('?id=s', { probes: [], ends: [{ kind: 'lost', held: { state: 'blocked', until: 5000 } }] });
    expect(seen.held[0]).toMatchObject({ state: 'blocked', until: 5000 });
    expect(seen.states).toEqual(['connecting', 'playing', 'blocked', 'reconnecting', 'playing']);
    expect(seen.last?.until).toBeUndefined();
  });

  it('stops at a refusal, with the server’s word for it', async () => {
    const seen = await watch('?id=s', {
      probes: [],
      ends: [{ kind: 'status', status: 403, definition: 'stream_not_active_or_expired' }],
    });
    expect(seen.last).toMatchObject({ state: 'refused', definition: 'stream_not_active_or_expired' });
    expect(seen.played).toHaveLength(1);
  });

  it('looks elsewhere when the server takes nobody', async () => {
    const seen = await watch('?id=s', {
      probes: [200],
      ends: [{ kind: 'status', status: 503, definition: 'highResourceUsage' }],
    });
    expect(seen.played.map((source) => source.technology)).toEqual(['webrtc', 'hls']);
    expect(seen.states).toEqual(['connecting', 'unavailable', 'playing']);
  });
});

describe('a status', () => {
  it.each([
    [200, 'ready'],
    [206, 'ready'],
    [401, 'blocked'],
    [403, 'refused'],
    [404, 'absent'],
    [429, 'unavailable'],
    [500, 'unavailable'],
    [0, 'unavailable'],
  ])('%i means %s', (status, kind) => {
    expect(readAnswer(status).kind).toBe(kind);
  });

  it('never makes us ask faster than once a second or slower than twice a minute', () => {
    expect(readAnswer(404, '0')).toMatchObject({ retryAfterMs: 1000 });
    expect(readAnswer(404, '9999')).toMatchObject({ retryAfterMs: 30_000 });
    expect(readAnswer(404, 'soon')).toMatchObject({ retryAfterMs: 3000 });
  });
});
