import { describe, expect, it } from 'vitest';
import { withStereo } from './peer';
import { iceServersOf, readMessage, signalingUrl } from './wire';
import { wordsFor } from './words';

describe('a message of the server', () => {
  it.each([
    ['{"command":"start","streamId":"s","subscriberId":""}', { command: 'start', streamId: 's' }],
    [
      '{"command":"takeCandidate","streamId":"s","label":"1","id":"1","candidate":"candidate:1"}',
      { command: 'takeCandidate', streamId: 's', label: 1, candidate: 'candidate:1' },
    ],
    ['{"command":"error","definition":"user_blocked","streamId":"s"}', { command: 'error', definition: 'user_blocked', streamId: 's' }],
    [
      '{"command":"notification","definition":"subscriber_blocked","streamId":"s","blockedUntil":5}',
      { command: 'notification', definition: 'subscriber_blocked', streamId: 's', blockedUntil: 5 },
    ],
  ])('%s', (frame, read) => {
    expect(readMessage(frame)).toEqual(read);
  });

  it.each(['', 'no JSON', 'null', '7', '[]', '{}', '{"command":"pong"}', '{"command":"start"}', '{"command":"error"}', '{"command":"takeConfiguration","streamId":"s","type":"rollback","sdp":""}'])(
    'of no use is left alone: %s',
    (frame) => {
      expect(readMessage(frame)).toBeUndefined();
    },
  );

  it('that is no text is left alone', () => {
    expect(readMessage(new ArrayBuffer(2))).toBeUndefined();
  });
});

describe('addresses', () => {
  it('of the signaling lie beside the page, without its query', () => {
    expect(signalingUrl('https://h:5443/App/play.html?token=secret#x')).toBe('wss://h:5443/App/websocket');
    expect(signalingUrl('http://h:5080/App/?token=secret')).toBe('ws://h:5080/App/websocket');
  });

  it('of ICE servers are those that the server named, and no others', () => {
    const config = { command: 'iceServerConfig' as const, turnServerUsername: 'u', turnServerCredential: 'p' };
    expect(iceServersOf({ ...config, stunServerUri: '' })).toEqual([]);
    expect(iceServersOf({ ...config, stunServerUri: 'https://h' })).toEqual([]);
    expect(iceServersOf({ ...config, stunServerUri: 'stun:h:3478' })).toEqual([{ urls: 'stun:h:3478' }]);
    expect(iceServersOf({ ...config, stunServerUri: 'turn:h:3478' })).toEqual([{ urls: 'turn:h:3478', username: 'u', credential: 'p' }]);
  });
});

describe('an answer', () => {
  it('asks for stereo where Opus is described', () => {
    const sdp = 'a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=fmtp:96 profile-level-id=42e01f\r\n';
    expect(withStereo(sdp)).toBe(sdp.replace('useinbandfec=1', 'useinbandfec=1;stereo=1'));
    expect(withStereo(withStereo(sdp))).toBe(withStereo(sdp));
  });
});

describe('words', () => {
  it('are there for what a server says, and for what it should not say', () => {
    expect(wordsFor('unauthorized_access', 'publish').title).toMatch(/publish/);
    expect(wordsFor('unauthorized_access', 'watch').title).toMatch(/watch/);
    for (const odd of ['constructor', '__proto__', 'something new']) {
      expect(wordsFor(odd, 'watch').title).toBe('That did not work');
    }
  });
});
