// The published web player, unmodified, on a customer's page of another origin.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { faults, watch } from './harness/moving.js';
import { launch, modules, publish, published, site, startServer } from './harness/server.js';

const PAGE = `<!doctype html><meta charset="utf-8"><title>customer</title>
<div id="container" style="width:640px;height:360px"></div><div id="placeholder"></div>
<script type="module">
  import { WebPlayer } from '/player/index.js';
  window.play = async (options) => {
    const player = new WebPlayer(options, document.getElementById('container'), document.getElementById('placeholder'));
    await player.initialize();
    await player.play();
    window.player = player;
  };
  window.ready = true;
</script>`;

let server, customer, browser, publisher;

before(async () => {
  server = await startServer();
  publisher = publish(`${server.rtmp}/LiveApp/s`);
  await server.live('LiveApp', 's');
  await server.set('LiveApp', { publishTokenControlEnabled: true, playTokenControlEnabled: true });
  customer = await site({
    '/': { type: 'text/html', body: PAGE },
    ...modules('/player', join(published('SLUICE_TEST_WEB_PLAYER'), 'dist/es')),
  });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  customer?.stop();
  publisher?.stop();
  await server?.stop();
});

async function token() {
  const expires = Math.floor(Date.now() / 1000) + 3600;
  const { body } = await server.rest('GET', `/LiveApp/rest/v2/broadcasts/s/token?expireDate=${expires}&type=play`);
  return body.tokenId;
}

describe('the published web player', { concurrency: 3 }, () => {
  for (const technology of ['webrtc', 'hls', 'dash']) {
    test(`plays ${technology} with a one-time token`, async () => {
      const tab = await browser.newPage();
      await tab.goto(customer.origin);
      await tab.waitForFunction(() => window.ready);
      await tab.evaluate((options) => void window.play(options), {
        streamId: 's',
        httpBaseURL: `${server.origin}/LiveApp/`,
        playOrder: [technology],
        token: await token(),
        iceServers: '[]',
      });
      await tab.waitForSelector('video');
      assert.deepEqual(faults(await watch(tab, { selector: 'video', seconds: 3 }), 3), []);
      assert.equal(await tab.evaluate(() => window.player.currentPlayType), technology);
      await tab.close();
    });
  }
});
