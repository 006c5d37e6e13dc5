// Customers' pages with the published SDK as it stands on npm; what it calls back is kept in order.

import { join } from 'node:path';
import { PATIENCE_MS, eventually, modules, published, site } from './server.js';

const PAGE = `<!doctype html><meta charset="utf-8"><title>customer</title>
<video id="local" muted autoplay playsinline width="320"></video>
<video id="remote" autoplay playsinline width="320"></video>
<script type="module">
  import { WebRTCAdaptor } from '/sdk/index.js';
  // What an application of the SDK is told, newest last.
  window.told = [];
  window.start = (options) => {
    window.adaptor = new WebRTCAdaptor({
      mediaConstraints: { video: { width: 320, height: 240, frameRate: 15 }, audio: true },
      peerconnection_config: { iceServers: [] },
      localVideoId: 'local',
      remoteVideoId: 'remote',
      callback: (info, object) => window.told.push({ info, streamId: object?.streamId, state: object?.state, object: text(object) }),
      callbackError: (error, message) => window.told.push({ error: String(error), object: text(message) }),
      ...options,
    });
  };
  const text = (object) => { try { return JSON.stringify(object); } catch { return ''; } };
</script>`;

/** An origin of its own with that page. */
export const sdkSite = () =>
  site({
    '/': { type: 'text/html', body: PAGE },
    ...modules('/sdk', join(published('SLUICE_TEST_SDK'), 'dist/es')),
  });

/** One page with the SDK, connected to an application. */
export class SdkPage {
  constructor(tab) {
    this.tab = tab;
  }

  /** Opens the page and waits until the SDK says `initialized`. */
  static async open(context, customer, server, application, options = {}) {
    const tab = await context.newPage();
    const page = new SdkPage(tab);
    await page.load(customer, server, application, options);
    return page;
  }

  async load(customer, server, application, options = {}) {
    await this.tab.goto(customer.origin);
    await this.tab.waitForFunction(() => window.start);
    await this.tab.evaluate((options) => window.start(options), {
      websocket_url: `${server.origin.replace('http', 'ws')}/${application}/websocket`,
      ...options,
    });
    await this.hears('initialized');
  }

  /** Calls a method of the SDK. */
  call(method, ...parameters) {
    return this.tab.evaluate(([method, parameters]) => void window.adaptor[method](...parameters), [method, parameters]);
  }

  publish(streamId, { token, subscriberId, subscriberCode } = {}) {
    return this.call('publish', streamId, token, subscriberId, subscriberCode);
  }

  play(streamId, { token, subscriberId, subscriberCode } = {}) {
    return this.call('play', streamId, token, '', [], subscriberId, subscriberCode);
  }

  /** How much was told until now: where to begin to wait for something new. */
  now() {
    return this.tab.evaluate(() => window.told.length);
  }

  /** Waits for a callback, or an error, of that name; with `from`, one that came after that many. */
  async hears(name, from = 0) {
    try {
      await this.tab.waitForFunction(
        ({ name, from }) => window.told.slice(from).some(({ info, error }) => info === name || error === name),
        { name, from },
        { polling: 50, timeout: PATIENCE_MS },
      );
    } catch (cause) {
      throw new Error(`the page did not hear ${name}; it heard ${JSON.stringify(await this.order())}`, { cause });
    }
  }

  /** What was told, in order, by name; connection states with the state. What the SDK's own retries repeat is told once. */
  async order(names) {
    const told = await this.tab.evaluate(() => window.told);
    return told
      .map(({ info, error, state }) => (error ? `error ${error}` : info === 'ice_connection_state_changed' ? `ice ${state}` : info))
      .filter((name) => names === undefined || names.includes(name))
      .filter((name, index, all) => !(name.startsWith('error ') && name === all[index - 1]));
  }

  /** The object of the newest notification of that name. */
  async object(name) {
    const told = await this.tab.evaluate(() => window.told);
    return JSON.parse(told.findLast(({ info, error }) => info === name || error === name)?.object ?? 'null');
  }

  /** Media bytes received on a stream, as the browser counts them. */
  received(streamId) {
    return this.tab.evaluate(async (streamId) => {
      const report = await window.adaptor.remotePeerConnection[streamId]?.getStats();
      const media = [...(report?.values() ?? [])].filter(({ type }) => type === 'inbound-rtp');
      return media.reduce((sum, { bytesReceived }) => sum + bytesReceived, 0);
    }, streamId);
  }

  /** Waits until `bytes` more were received. */
  async receives(streamId, bytes = 20_000) {
    const before = await this.received(streamId);
    await eventually(`${bytes} more bytes of ${streamId}`, async () => (await this.received(streamId)) >= before + bytes);
  }
}
