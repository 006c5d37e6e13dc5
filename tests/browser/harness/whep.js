// WHIP and WHEP as a page without any library speaks them: one offer, one answer, and fragments to change the path.

import { eventually, site } from './server.js';

/** Publishes the browser's camera and microphone, with `codec` (VP8, …) alone for the pictures if one is named. */
export const sendWhip = (tab, url, { token, codec } = {}) => exchange(tab, url, { direction: 'sendonly', token, codec });

/**
 * Plays `url` in `#remote` of the page, with `codec` alone for the pictures if one is named; returns the status, and its
 * words when it was not 201. With `notes` the page keeps in `window.pictures` of which type each encoded picture was.
 */
export const playWhep = (tab, url, { token, codec, notes } = {}) =>
  exchange(tab, url, { direction: 'recvonly', token, codec, notes });

const exchange = (tab, url, options) =>
  tab.evaluate(
    async ({ url, direction, token, codec, notes }) => {
      const connection = new RTCPeerConnection();
      window.connection = connection;
      const isPublisher = direction === 'sendonly';
      const camera = { video: { width: 320, height: 240, frameRate: 15 }, audio: true };
      const stream = isPublisher ? await navigator.mediaDevices.getUserMedia(camera) : new MediaStream();
      connection.addEventListener('track', ({ track }) => {
        stream.addTrack(track);
        document.getElementById('remote').srcObject = stream;
      });
      for (const kind of ['video', 'audio']) {
        const track = stream.getTracks().find((track) => track.kind === kind && isPublisher);
        const transceiver = connection.addTransceiver(track ?? kind, { direction, streams: [stream] });
        if (kind === 'audio') continue;
        if (notes) {
          window.pictures = [];
          const pass = `onrtctransform = ({ transformer: { readable, writable } }) => {
            const note = (picture, passed) => { postMessage(picture.type); passed.enqueue(picture); };
            readable.pipeThrough(new TransformStream({ transform: note })).pipeTo(writable);
          };`;
          const worker = new Worker(URL.createObjectURL(new Blob([pass])));
          worker.addEventListener('message', ({ data }) => window.pictures.push(data));
          transceiver.receiver.transform = new RTCRtpScriptTransform(worker);
        }
        if (codec) {
          const { codecs } = RTCRtpReceiver.getCapabilities(kind);
          const wanted = [`video/${codec}`, 'video/rtx'];
          transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => wanted.includes(mimeType)));
        }
      }
      await connection.setLocalDescription();
      if (connection.iceGatheringState !== 'complete') {
        await new Promise((resolve) => {
          connection.addEventListener('icegatheringstatechange', () => connection.iceGatheringState === 'complete' && resolve());
        });
      }
      const headers = { 'Content-Type': 'application/sdp', ...(token ? { Authorization: `Bearer ${token}` } : {}) };
      const response = await fetch(url, { method: 'POST', headers, body: connection.localDescription.sdp });
      if (response.status !== 201) return { status: response.status, text: await response.text() };
      const [answer, location] = [await response.text(), new URL(response.headers.get('Location'), url).href];
      await connection.setRemoteDescription({ type: 'answer', sdp: answer });
      const [etag, link] = ['ETag', 'Link'].map((name) => response.headers.get(name));
      return { status: 201, location, etag, link, answer };
    },
    { url, ...options },
  );

/** What `window.connection` of a page has received of pictures, as the browser counts it. */
export const receivedVideo = (tab) =>
  tab.evaluate(async () => {
    const report = await window.connection.getStats();
    const video = [...report.values()].find(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
    return { codec: report.get(video?.codecId)?.mimeType, bytes: video?.bytesReceived ?? 0 };
  });

/** Begins an ICE restart in the page; returns the fragment of the new offer that the session is to be told. */
export const restartIce = (tab) =>
  tab.evaluate(async () => {
    const { connection } = window;
    connection.restartIce();
    await connection.setLocalDescription();
    const { sdp } = connection.localDescription;
    const first = (name) => new RegExp(`^a=${name}:.*$`, 'm').exec(sdp)[0].trim();
    const lines = ['a=ice-options:trickle', 'm=video 9 UDP/TLS/RTP/SAVPF 0', first('mid'), first('ice-ufrag'), first('ice-pwd')];
    return `${lines.join('\r\n')}\r\n`;
  });

/** Sends a fragment to a session (RFC 9725 §4.3); `headers` may name a precondition or show a token. */
export const patch = (tab, location, fragment, headers = {}) =>
  tab.evaluate(
    async ({ location, fragment, headers }) => {
      const type = { 'Content-Type': 'application/trickle-ice-sdpfrag' };
      const response = await fetch(location, { method: 'PATCH', headers: { ...type, ...headers }, body: fragment });
      return { status: response.status, etag: response.headers.get('ETag'), body: await response.text() };
    },
    { location, fragment, headers },
  );

/** Applies the fragment of a restart's answer: to the page it is the last answer with other credentials. */
export const applyFragment = (tab, fragment) =>
  tab.evaluate(async (fragment) => {
    const { connection } = window;
    const lines = fragment.split('\r\n');
    const path = lines.filter((line) => /^a=(ice-ufrag|ice-pwd|candidate|end-of-candidates)/.test(line));
    const kept = connection.remoteDescription.sdp.split('\r\n').filter((line) => !/^a=(ice-ufrag|ice-pwd|candidate|end-of-candidates)/.test(line));
    // With one transport for all sections, each of them names its credentials.
    const sdp = kept.flatMap((line) => (line.startsWith('a=mid:') ? [line, ...path] : [line])).join('\r\n');
    await connection.setRemoteDescription({ type: 'answer', sdp });
  }, fragment);

/** What the page's connection has received or sent: media bytes and decoded pictures, as the browser counts them. */
export const counted = (tab) =>
  tab.evaluate(async () => {
    const stats = [...(await window.connection.getStats()).values()];
    const sum = (type, name) => stats.filter((one) => one.type === type).reduce((total, one) => total + (one[name] ?? 0), 0);
    return {
      received: sum('inbound-rtp', 'bytesReceived'),
      sent: sum('outbound-rtp', 'bytesSent'),
      decoded: sum('inbound-rtp', 'framesDecoded'),
      keyFrames: sum('inbound-rtp', 'keyFramesDecoded'),
      lost: sum('inbound-rtp', 'packetsLost'),
    };
  });

/** Waits until `name` of what is [`counted`] has grown by `more`. */
export async function grows(tab, name, more) {
  const before = (await counted(tab))[name];
  await eventually(`${more} more of ${name}`, async () => (await counted(tab))[name] >= before + more);
}

/** An origin of its own with an empty page that has `#remote`. */
export const whepSite = () =>
  site({
    '/': {
      type: 'text/html',
      body: '<!doctype html><meta charset="utf-8"><title>customer</title><video id="remote" autoplay playsinline width="320"></video>',
    },
  });
