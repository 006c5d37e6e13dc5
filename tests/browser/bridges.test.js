// Every protocol that publishes, to every protocol that plays: five seconds with picture and sound, on decoded frames.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { decode, openPlayer, playerSite, seenBy } from './harness/players.js';
import { SdkPage, sdkSite } from './harness/sdk.js';
import { eventually, launch, publish, publishWhip, startServer } from './harness/server.js';
import { playWhep } from './harness/whep.js';

const SECONDS = 5;

let server, customer, sdk, browser;
const publishers = [];

before(async () => {
  server = await startServer();
  await server.set('LiveApp', { rtmpPlaybackEnabled: true });
  customer = await playerSite();
  sdk = await sdkSite();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  for (const publisher of publishers) publisher.stop();
  customer?.stop();
  sdk?.stop();
  await server?.stop();
});

/** How a stream comes in, by name of the stream. */
const ways = {
  rtmp: () => publishers.push(publish(`${server.rtmp}/LiveApp/rtmp`)),
  whip: () => publishers.push(publishWhip(`${server.origin}/LiveApp/whip/whip`)),
  websocket: async () => {
    const publisher = await SdkPage.open(browser, sdk, server, 'LiveApp');
    await publisher.publish('websocket');
    await publisher.hears('publish_started');
  },
};

/** How a stream is watched: each answers what is wrong with what it saw. */
const players = {
  HLS: (stream) => inPage('hls', `${stream}.m3u8`),
  DASH: (stream) => inPage('dash', `${stream}/${stream}.mpd`),
  WHEP: async (stream) => {
    const tab = await browser.newPage();
    await tab.goto(customer.origin);
    const { status } = await playWhep(tab, `${server.origin}/LiveApp/whep/${stream}`);
    return status === 201 ? seenBy(tab, SECONDS) : [`status ${status}`];
  },
  WebSocket: async (stream) => {
    const player = await SdkPage.open(browser, sdk, server, 'LiveApp', { isPlayMode: true });
    await player.play(stream);
    await player.hears('play_started');
    return seenBy(player.tab, SECONDS);
  },
  RTMP: (stream) => decode(`${server.rtmp}/LiveApp/${stream}`, SECONDS),
};

const inPage = async (library, manifest) =>
  seenBy(await openPlayer(browser, customer, library, `${server.origin}/LiveApp/streams/${manifest}`), SECONDS);

for (const [stream, start] of Object.entries(ways)) {
  describe(`a stream published over ${stream}`, { concurrency: 3 }, () => {
    before(async () => {
      await start();
      await eventually(`${stream} is on the air`, async () => {
        const { body } = await server.rest('GET', `/LiveApp/rest/v2/broadcasts/${stream}`);
        return body.status === 'broadcasting';
      });
      // Players ask once for a playlist, which begins with the first segment.
      await server.live('LiveApp', stream);
    });
    for (const [name, play] of Object.entries(players)) {
      test(`plays over ${name} with picture and sound`, async () => {
        assert.deepEqual(await play(stream), []);
      });
    }
  });
}
