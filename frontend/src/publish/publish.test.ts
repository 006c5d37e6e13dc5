import { describe, expect, it } from 'vitest';
import { clock, figuresLine, messageFor } from './messages';
import { carriedOver, parseParameters, watchUrl } from './parameters';

describe('the address of the publish page', () => {
  it('names stream and credentials', () => {
    const read = parseParameters('?id=studio&streamName=Studio%201&subscriberId=publisherA&subscriberCode=%20440456&token=T');
    expect(read).toMatchObject({ streamId: 'studio', streamName: 'Studio 1' });
    expect(read.credentials).toEqual({ subscriberId: 'publisherA', subscriberCode: '440456', token: 'T' });
  });

  it('may name nothing', () => {
    expect(parseParameters('')).toMatchObject({ streamId: 'stream1', credentials: {} });
  });
});

describe('the way to the player', () => {
  const page = 'https://h:5443/App/?subscriberId=playerB&subscriberCode=%20438610&id=x#y';

  it('is a link that can be given away', () => {
    expect(watchUrl('my stream', page)).toBe('https://h:5443/App/play.html?id=my+stream');
  });

  it('takes everything along for who came here to watch', () => {
    const url = new URL(carriedOver('s', page));
    expect(url.pathname).toBe('/App/play.html');
    expect(Object.fromEntries(url.searchParams)).toEqual({ subscriberId: 'playerB', subscriberCode: ' 438610', id: 's' });
  });
});

describe('what a publisher reads', () => {
  it('says when a block ends, where the server does', () => {
    expect(messageFor({ kind: 'refused', definition: 'user_blocked' })?.title).toBe('You are blocked from publishing');
    expect(messageFor({ kind: 'refused', definition: 'user_blocked', until: 1000 })?.title).toMatch(/until/);
  });

  it('asks for a code where one may help', () => {
    expect(messageFor({ kind: 'refused', definition: 'unauthorized_access' })?.asksForCredentials).toBe(true);
    expect(messageFor({ kind: 'refused', definition: 'streamIdInUse' })?.asksForCredentials).toBeUndefined();
  });

  it('has figures in one line', () => {
    expect(figuresLine({ bytes: 1, videoKbps: 1450, audioKbps: 50, width: 1280, height: 720, framesPerSecond: 30, roundTripMs: 12.4 })).toBe(
      '1.5 Mbit/s · 1280 × 720 · 30 fps · 12 ms',
    );
    expect(figuresLine({ bytes: 0 })).toBe('');
  });

  it('has the time on air', () => {
    expect([clock(59_900), clock(61_000), clock(3_661_000)]).toEqual(['00:59', '01:01', '1:01:01']);
  });
});
