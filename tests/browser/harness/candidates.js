// What a page learns of the server's candidates: some are taken away, or lead through another port, as a firewall or a
// slow network in between would have it. Nothing else of the page or of its libraries is changed.

/**
 * A context whose pages know those candidates alone that are of a `protocol` (`udp`, `tcp`) and of a `family` (4, 6), where
 * these are given, and know them at `port`, where that is given.
 */
export async function contextWith(browser, candidates) {
  const context = await browser.newContext();
  await context.addInitScript(({ protocol, family, port }) => {
    /** RFC 8839 §5.1: foundation, component, transport, priority, address, port. */
    const changed = (candidate) => {
      const words = candidate.split(' ');
      if (protocol && words[2].toLowerCase() !== protocol) return [];
      if (family && (words[4].includes(':') ? 6 : 4) !== family) return [];
      if (port) words[5] = String(port);
      return [words.join(' ')];
    };
    const { prototype } = window.RTCPeerConnection;
    const { setRemoteDescription, addIceCandidate } = prototype;
    prototype.setRemoteDescription = function setChanged({ type, sdp }) {
      const lines = sdp.split('\r\n').flatMap((line) => (line.startsWith('a=candidate:') ? changed(line) : [line]));
      return setRemoteDescription.call(this, { type, sdp: lines.join('\r\n') });
    };
    prototype.addIceCandidate = function addChanged(given) {
      if (!given?.candidate) return addIceCandidate.call(this, given);
      const [candidate] = changed(given.candidate);
      const { sdpMid, sdpMLineIndex } = given;
      return candidate ? addIceCandidate.call(this, { candidate, sdpMid, sdpMLineIndex }) : Promise.resolve();
    };
  }, candidates);
  return context;
}

/** The pair of candidates in use, as the browser's statistics tell of it; of the SDK's connection when `streamId` is given. */
export const selectedPair = (tab, streamId) =>
  tab.evaluate(async (streamId) => {
    const connection = streamId ? window.adaptor.remotePeerConnection[streamId] : window.connection;
    const stats = await connection.getStats();
    const transport = [...stats.values()].find(({ type }) => type === 'transport');
    const pair = stats.get(transport?.selectedCandidatePairId);
    if (!pair) return null;
    const part = ({ protocol, address, port, usernameFragment }) => ({ protocol, address, port, usernameFragment });
    return { local: part(stats.get(pair.localCandidateId)), remote: part(stats.get(pair.remoteCandidateId)) };
  }, streamId);
