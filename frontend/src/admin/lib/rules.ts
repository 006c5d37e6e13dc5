//! The rules of the gate in words. The names are those of explanations.

/** What a rule asks, as a short question; an unknown rule is shown readable. */
export function ruleText(rule: string): string {
  return RULES[rule] ?? rule.replaceAll('-', ' ');
}

const RULES: Record<string, string> = {
  application: 'Does the application exist?',
  'stream-id': 'Is the stream id a valid one?',
  'registered-stream': 'Is the stream registered?',
  room: 'May it be a track of that room?',
  'already-live': 'Is the stream free to publish?',
  'publish-window': 'Is it within its planned time?',
  'publisher-address': 'May this address publish?',
  block: 'Is the subscriber free of blocks?',
  'publisher-limit': 'Is there room for a publisher?',
  'viewer-limit': 'Is there room for a viewer?',
  hash: 'Is the hash right?',
  jwt: 'Is the JWT right?',
  guessing: 'Were there few wrong codes?',
  totp: 'Is the time-based code right?',
  concurrency: 'May the subscriber connect once more?',
  webhook: 'Does your webhook agree?',
  'one-time-token': 'Is the one-time token right?',
  'rtmp-playback': 'Is playback over RTMP on?',
  webrtc: 'Is WebRTC on?',
  'on-air': 'Is the stream on air?',
};
