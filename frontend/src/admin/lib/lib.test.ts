import { describe, expect, it } from 'vitest';
import { blockSentence } from './block-result';
import { bitrate, bytes, duration, plural, protocolName, sentence } from './format';
import { REASON_CODES, reasonText } from './reasons';
import { ruleText } from './rules';
import { withToken } from './with-token';

describe('numbers as people read them', () => {
  it('names bitrates by size, from numbers and from the text of a Long', () => {
    expect(bitrate('2480000')).toBe('2.48 Mbit/s');
    expect(bitrate(12_340_000)).toBe('12.3 Mbit/s');
    expect(bitrate('640000')).toBe('640 kbit/s');
    expect(bitrate('0')).toBe('–');
  });

  it('keeps bytes beyond 2^31', () => {
    expect(bytes('5000000007')).toBe('5.0 GB');
    expect(bytes('999')).toBe('999 B');
  });

  it('says spans in two units', () => {
    expect(duration(59_000)).toBe('59 s');
    expect(duration(125_000)).toBe('2 min 5 s');
    expect(duration(2 * 3_600_000)).toBe('2 h');
    expect(duration(50 * 3_600_000)).toBe('2 d 2 h');
  });

  it('makes sentences of what the server says', () => {
    expect(sentence('the token was used before')).toBe('The token was used before.');
    expect(sentence('Set a key first.')).toBe('Set a key first.');
  });

  it('counts and spells', () => {
    expect(plural(1, 'session')).toBe('1 session');
    expect(plural(1200, 'session')).toBe('1,200 sessions');
    expect(protocolName('WEBRTC')).toBe('WebRTC');
    expect(protocolName('HLS')).toBe('HLS');
  });
});

describe('the result of a block', () => {
  const result = { sessionsStopped: 0, sessionsSuspended: 3, workersAcknowledged: 1, workersPending: [], tookMs: 4.0 };

  it('counts stopped and suspended sessions together and says who confirmed', () => {
    expect(blockSentence(result)).toBe('3 sessions stopped in 4 ms, all 1 workers confirmed');
  });

  it('names the workers that have not answered', () => {
    const pending = { ...result, workersAcknowledged: 2, workersPending: [{ name: 'edge-3' }], tookMs: 1000.4 };
    expect(blockSentence(pending)).toBe('3 sessions stopped in 1000 ms, 2 of 3 workers confirmed; not yet: edge-3');
  });
});

describe('a reason of the gate', () => {
  it('reads the same in both spellings', () => {
    expect(reasonText('TOKEN_EXPIRED')).toBe('The token has expired');
    expect(reasonText('token-expired')).toBe('The token has expired');
  });

  it('stays readable when it is newer than this page', () => {
    expect(reasonText('MOON_IN_THE_WAY')).toBe('moon in the way');
  });
});

describe('what the gate asks', () => {
  it('reads as a question, and stays readable when it is newer than this page', () => {
    expect(ruleText('one-time-token')).toBe('Is the one-time token right?');
    expect(ruleText('phase-of-moon')).toBe('phase of moon');
  });

  it('offers every reason as GraphQL spells it', () => {
    expect(REASON_CODES).toContain('TOKEN_SPENT');
    expect(REASON_CODES.every((code) => /^[A-Z_]+$/.test(code))).toBe(true);
  });
});

describe('an address with a credential', () => {
  it('keeps the query that is there', () => {
    expect(withToken('http://h/a/play.html?id=s', 'a.b+c')).toBe('http://h/a/play.html?id=s&token=a.b%2Bc');
    expect(withToken('rtmp://h/a/s', 't')).toBe('rtmp://h/a/s?token=t');
  });
});
