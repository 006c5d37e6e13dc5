//! The server's words for what went wrong, in sentences for people.

export interface Words {
  title: string;
  text: string;
  /** Other credentials may help. */
  asksForCredentials?: boolean;
}

export type Role = 'publish' | 'watch';

/** Sentences for the `definition` of an error. Unknown ones get a sentence that says nothing wrong. */
export function wordsFor(definition: string, role: Role): Words {
  const words = Object.hasOwn(TABLE, definition) ? TABLE[definition] : undefined;
  return words?.(role) ?? { title: 'That did not work', text: 'The server gave a reason that is not known here. Try again.' };
}

const TABLE: Record<string, (role: Role) => Words> = {
  unauthorized_access: (role) => ({
    title: role === 'publish' ? 'You are not allowed to publish' : 'You are not allowed to watch',
    text: 'Code or token missing, wrong or expired.',
    asksForCredentials: true,
  }),
  user_blocked: (role) => ({
    title: role === 'publish' ? 'You are blocked from publishing' : 'You are blocked for now',
    text: role === 'publish' ? 'When the block ends you can start again, with a fresh code.' : 'Playback resumes by itself.',
  }),
  not_allowed_unregistered_streams: () => ({
    title: 'This stream is not known here',
    text: 'Only streams that were created before are accepted. Check the stream id.',
  }),
  stream_not_active_or_expired: () => ({
    title: 'This is not the time of this stream',
    text: 'It has not begun yet, or its time is over.',
  }),
  streamIdInUse: () => ({
    title: 'Somebody publishes this stream already',
    text: 'Choose another stream id, or wait until it is free.',
  }),
  already_publishing: () => ({ title: 'You publish this stream already', text: 'Stop it first, then start again.' }),
  already_playing: () => ({ title: 'You watch this stream already', text: 'Close the other view first.' }),
  no_stream_exist: () => ({ title: 'Stream is not live yet', text: 'Playback starts by itself as soon as it is.' }),
  noStreamNameSpecified: () => ({ title: 'No stream is named', text: 'Type the id of the stream.' }),
  invalidStreamName: () => ({
    title: 'That cannot be the id of a stream',
    text: 'Use letters, digits, hyphens and underscores.',
  }),
  viewerLimitReached: () => ({ title: 'All places are taken', text: 'The stream has as many viewers as it may.' }),
  highResourceUsage: () => ({ title: 'The server is at its limit', text: 'Try again in a moment.' }),
  publishTimeoutError: () => ({
    title: 'Nothing arrived at the server',
    text: 'Your network may block the port for WebRTC (UDP). Try another network, or ask for a TURN server.',
  }),
  noPacketReceivedForTimeoutDuration: () => ({
    title: 'Your stream stopped arriving',
    text: 'The server received nothing for a while. Check your network and start again.',
  }),
  notSetLocalDescription: () => ({ title: 'The server could not answer', text: 'Try again; if it stays like this, ask its operator.' }),
  notSetRemoteDescription: () => ({
    title: 'Browser and server do not understand each other',
    text: 'They have no codec in common. Another browser may help.',
  }),
  no_codec_enabled_in_the_server: () => ({
    title: 'WebRTC is switched off here',
    text: 'The server has no video codec switched on. Ask its operator.',
  }),
  encoderNotOpened: () => ({ title: 'The server cannot convert this stream', text: 'Its encoder did not start. Ask its operator.' }),
  encoderBlocked: () => ({ title: 'The server cannot convert this stream', text: 'Its encoder does not keep up. Try again later.' }),
  no_encoder_settings: () => ({ title: 'The server cannot convert this stream', text: 'No encoder is set up. Ask its operator.' }),
  not_initialized_yet: () => ({ title: 'The server is just starting', text: 'Try again in a moment.' }),
  data_store_not_available: () => ({ title: 'The server cannot decide now', text: 'It cannot reach its database. Try again in a moment.' }),
  server_error_check_logs: () => ({ title: 'The server made a mistake', text: 'Its log says more. Try again.' }),
  license_suspended_please_renew_license: () => ({ title: 'The server has no licence', text: 'Ask its operator.' }),
  main_track_has_max_subtrack_count__not_allowed_to_add_more_subtracks: () => ({
    title: 'The room is full',
    text: 'It has as many participants as it may.',
  }),
  mainTrackDBOperationFailed: () => ({ title: 'The room could not be opened', text: 'Try again in a moment.' }),
  no_active_streams_in_room: () => ({ title: 'The room is empty', text: 'Nobody publishes in it.' }),
  no_room_specified: () => ({ title: 'No room is named', text: 'Ask for a complete link.' }),
  room_not_active_or_expired: () => ({ title: 'This is not the time of this room', text: 'It has not begun yet, or its time is over.' }),
  WebSocketNotConnected: () => ({ title: 'The server does not answer', text: 'Check your network and try again.' }),
};
