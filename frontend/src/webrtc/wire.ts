//! The messages of WebRTC signaling that our pages send and read: one JSON object in a text frame, told apart by
//! `command`.

/** What our pages send. */
export type Outgoing =
  | { command: 'ping' | 'getIceServerConfig' }
  | {
      command: 'publish';
      streamId: string;
      token: string;
      subscriberId: string;
      subscriberCode: string;
      streamName: string;
      mainTrack: string;
      metaData: string;
      video: boolean;
      audio: boolean;
    }
  | { command: 'play'; streamId: string; token: string; subscriberId: string; subscriberCode: string }
  | { command: 'stop'; streamId: string }
  | { command: 'takeConfiguration'; streamId: string; type: 'offer' | 'answer'; sdp: string }
  | { command: 'takeCandidate'; streamId: string; label: number; id: string; candidate: string };

/** What our pages read. Whatever else a server says is left alone. */
export type Incoming =
  /** Publisher: make an offer. */
  | { command: 'start'; streamId: string }
  | { command: 'takeConfiguration'; streamId: string; type: 'offer' | 'answer'; sdp: string }
  | { command: 'takeCandidate'; streamId: string; label: number; candidate: string }
  | { command: 'error'; streamId?: string; definition: string; information?: string; blockedUntil?: number }
  | { command: 'notification'; streamId?: string; definition: string; blockedUntil?: number }
  | { command: 'iceServerConfig'; stunServerUri: string; turnServerUsername: string; turnServerCredential: string };

/** Reads one frame; `undefined` when it is nothing that our pages know. */
export function readMessage(frame: unknown): Incoming | undefined {
  if (typeof frame !== 'string') return undefined;
  let message: Record<string, unknown>;
  try {
    const value: unknown = JSON.parse(frame);
    if (typeof value !== 'object' || value === null) return undefined;
    message = value as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const text = (name: string) => (typeof message[name] === 'string' ? message[name] : undefined);
  const streamId = text('streamId');
  switch (message.command) {
    case 'start':
      return streamId === undefined ? undefined : { command: 'start', streamId };
    case 'takeConfiguration': {
      const type = message.type;
      const sdp = text('sdp');
      if (streamId === undefined || sdp === undefined || (type !== 'offer' && type !== 'answer')) return undefined;
      return { command: 'takeConfiguration', streamId, type, sdp };
    }
    case 'takeCandidate': {
      const candidate = text('candidate');
      if (streamId === undefined || candidate === undefined) return undefined;
      return { command: 'takeCandidate', streamId, label: Number(message.label) || 0, candidate };
    }
    case 'error':
    case 'notification': {
      const definition = text('definition');
      if (definition === undefined) return undefined;
      const blockedUntil = Number(message.blockedUntil) || undefined;
      return message.command === 'error'
        ? { command: 'error', streamId, definition, information: text('information'), blockedUntil }
        : { command: 'notification', streamId, definition, blockedUntil };
    }
    case 'iceServerConfig':
      return {
        command: 'iceServerConfig',
        stunServerUri: text('stunServerUri') ?? '',
        turnServerUsername: text('turnServerUsername') ?? '',
        turnServerCredential: text('turnServerCredential') ?? '',
      };
    default:
      return undefined;
  }
}

/** Where an application's signaling is, seen from one of its pages: beside it, without its query. */
export function signalingUrl(pageUrl: string): string {
  const url = new URL('websocket', pageUrl);
  url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  url.search = '';
  url.hash = '';
  return url.href;
}

/** The ICE servers of a configuration; none is none: our pages ask nobody whom the server did not name. */
export function iceServersOf(config: Extract<Incoming, { command: 'iceServerConfig' }>): RTCIceServer[] {
  const { stunServerUri, turnServerUsername, turnServerCredential } = config;
  if (!/^(stuns?|turns?):/.test(stunServerUri)) return [];
  if (stunServerUri.startsWith('stun')) return [{ urls: stunServerUri }];
  return [{ urls: stunServerUri, username: turnServerUsername, credential: turnServerCredential }];
}
