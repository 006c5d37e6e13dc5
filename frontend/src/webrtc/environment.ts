//! What sessions take from the browser, so that tests can stand in for it.

import type { Socket } from './signaling';

export interface Environment {
  openSocket(url: string): Socket;
  openPeer(iceServers: RTCIceServer[]): RTCPeerConnection;
  /** What the browser can send, in its own order. */
  videoCodecs(): RTCRtpCodec[];
}

export const browser: Environment = {
  openSocket: (url) => new WebSocket(url),
  openPeer: (iceServers) => new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' }),
  videoCodecs: () => RTCRtpSender.getCapabilities('video')?.codecs ?? [],
};
