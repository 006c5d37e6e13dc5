import { describe, expect, it } from 'vitest';
import { manifestUrls, queryOf, withQuery } from './addresses';
import { credentialsQuery, parseParameters } from './parameters';

describe('the address of the player page', () => {
  it('prefers id over name and trims what was pasted', () => {
    const read = parseParameters('?name=other&id=stream1&subscriberId=playerB&subscriberCode=%20438610');
    expect(read.streamId).toBe('stream1');
    expect(read.credentials).toEqual({ subscriberId: 'playerB', subscriberCode: '438610', token: undefined });
  });

  it('takes name when there is no id, and nothing when there is neither', () => {
    expect(parseParameters('?name=stream1').streamId).toBe('stream1');
    expect(parseParameters('?subscriberId=playerB').streamId).toBeUndefined();
    expect(parseParameters('?id=%20').streamId).toBeUndefined();
  });

  it('keeps the order of technologies and notes what it cannot play', () => {
    const read = parseParameters('?id=s&playOrder=webrtc,dash,ll-hls,hls,dash');
    expect(read.technologies).toEqual(['webrtc', 'dash', 'hls']);
    expect(read.skipped).toEqual(['ll-hls']);
  });

  it('tries WebRTC first and HLS then when the order names nothing it knows', () => {
    expect(parseParameters('?id=s&playOrder=vod').technologies).toEqual(['webrtc', 'hls']);
    expect(parseParameters('?id=s').technologies).toEqual(['webrtc', 'hls']);
  });

  it('takes a JWT by either name', () => {
    expect(parseParameters('?id=s&jwt=a.b.c').credentials.token).toBe('a.b.c');
    expect(parseParameters('?id=s&jwt=a.b.c&token=t').credentials.token).toBe('t');
  });

  it('reads switches as existing embeddings write them', () => {
    const read = parseParameters('?id=s&autoplay=false&mute=true&withCredentials=0');
    expect([read.autoplay, read.mute, read.withCredentials]).toEqual([false, true, false]);
    expect(parseParameters('?id=s').autoplay).toBe(true);
  });

  it('sends credentials and the cut, and only those that were given', () => {
    const read = parseParameters('?id=s&token=a%26b&start=100&end=200');
    expect(credentialsQuery(read)).toBe('token=a%26b&start=100&end=200');
    expect(credentialsQuery(parseParameters('?id=s'))).toBe('');
  });
});

describe('media addresses', () => {
  const page = 'https://example.org:5443/any/App/play.html?id=s&token=secret';

  it('lie in streams/ beside the page, without its query', () => {
    expect(manifestUrls('hls', 's', page)).toEqual([
      'https://example.org:5443/any/App/streams/s_adaptive.m3u8',
      'https://example.org:5443/any/App/streams/s.m3u8',
    ]);
    expect(manifestUrls('dash', 's', page)).toEqual(['https://example.org:5443/any/App/streams/s/s.mpd']);
  });

  it('cannot be led out of streams/ by a stream id', () => {
    const [url] = manifestUrls('hls', 'a?b#c', page);
    expect(url).toBe('https://example.org:5443/any/App/streams/a%3Fb%23c_adaptive.m3u8');
    for (const id of ['..', '../../rest', 'a/../../../x', '.', 'a//b']) {
      for (const technology of ['hls', 'dash'] as const) {
        for (const found of manifestUrls(technology, id, page)) {
          expect(new URL(found).pathname.startsWith('/any/App/streams/'), `${id} → ${found}`).toBe(true);
        }
      }
    }
  });

  it('carry a ticket in place of the credentials', () => {
    expect(withQuery('https://h/s.m3u8?token=secret', 'ticket=T')).toBe('https://h/s.m3u8?ticket=T');
    expect(queryOf('v-1.m4s?ticket=T')).toBe('ticket=T');
    expect(queryOf('v-1.m4s')).toBeUndefined();
    expect(queryOf(undefined)).toBeUndefined();
  });
});
