// When a page with the published SDK, unmodified, has to leave, and how it comes back by itself after its network failed.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { contextWith } from './harness/candidates.js';
import { jwt } from './harness/credentials.js';
import { connectionNetwork, datagramNetwork } from './harness/network.js';
import { SdkPage, sdkSite } from './harness/sdk.js';
import { code, eventually, launch, publish, startServer } from './harness/server.js';

const SECRET = 'mysecret';
const KEY = 'zautXStXM9iW3aD3FuyPH0TdK4GHPmHq';
const PLAYER = { isPlayMode: true };

let server, customer, browser;
const publishers = [];

before(async () => {
  server = await startServer({ applications: ['Ending', 'Lasting', 'Codes'] });
  const jwts = { playJwtControlEnabled: true, jwtStreamSecretKey: KEY };
  await server.set('Ending', jwts);
  await server.set('Lasting', { ...jwts, endSessionAtExpiry: false });
  await server.set('Codes', { enableTimeTokenForPlay: true });
  for (const application of ['Ending', 'Lasting', 'Codes']) publishers.push(publish(`${server.rtmp}/${application}/s`));
  customer = await sdkSite();
  browser = await launch();
  for (const application of ['Ending', 'Lasting', 'Codes']) {
    await eventually(`${application}/s is on the air`, async () => {
      const { body } = await server.rest('GET', `/${application}/rest/v2/broadcasts/s`);
      return body.status === 'broadcasting';
    });
  }
});

after(async () => {
  await browser?.close();
  for (const publisher of publishers) publisher.stop();
  customer?.stop();
  await server?.stop();
});

const open = (application, options, context = browser) => SdkPage.open(context, customer, server, application, { ...PLAYER, ...options });

/** Registers a subscriber, who may have one connection, and returns what it shows. */
async function subscriber(id) {
  await server.rest('POST', '/Codes/rest/v2/broadcasts/s/subscribers', { subscriberId: id, b32Secret: SECRET, type: 'play' });
  return { subscriberId: id, subscriberCode: code(SECRET) };
}

describe('the SDK', { concurrency: 2 }, () => {
  test('has to leave when its token expires, is told so, and is not let in again', async () => {
    const [ending, lasting] = await Promise.all([open('Ending'), open('Lasting')]);
    const token = jwt('s', 'play', KEY, 6);
    await Promise.all([ending.play('s', { token }), lasting.play('s', { token })]);
    await Promise.all([ending.hears('play_started'), lasting.hears('play_started')]);
    await ending.receives('s');
    await ending.hears('play_finished');
    assert.ok(Date.now() / 1000 >= JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).exp, 'not before it expired');
    // The SDK plays again by itself, with what it was given.
    await ending.hears('reconnection_attempt_for_player');
    await ending.hears('unauthorized_access');
    assert.equal(await ending.received('s'), 0);
    assert.deepEqual(await ending.order(['play_started', 'play_finished', 'error unauthorized_access']), [
      ...['play_started', 'play_finished', 'error unauthorized_access'],
    ]);
    // Where sessions outlast what they were let in with, this one does.
    await lasting.receives('s');
    assert.deepEqual(await lasting.order(['play_started', 'play_finished']), ['play_started']);
    await Promise.all([ending.tab.close(), lasting.tab.close()]);
  });

  test('is refused a second connection of one subscriber, and comes back when its socket closes', async () => {
    const shown = await subscriber('bert');
    const [first, second] = await Promise.all([open('Codes'), open('Codes')]);
    await first.play('s', shown);
    await first.receives('s');
    await second.play('s', shown);
    await second.hears('unauthorized_access');
    assert.equal(await second.received('s'), 0);
    await first.receives('s');
    await second.tab.close();

    const from = await first.now();
    await first.tab.evaluate(() => window.adaptor.webSocketAdaptor.wsConn.close());
    await first.hears('closed', from);
    await first.hears('play_started', from);
    await first.receives('s');
    await first.tab.close();
  });

  test('comes back when its network goes dead, as soon as its old session is given up', async () => {
    const shown = await subscriber('cora');
    const [signaling, media] = [await connectionNetwork(server.origin), await datagramNetwork(server.mediaPort)];
    const context = await contextWith(browser, { port: media.port });
    const options = { websocket_url: `${signaling.origin.replace('http', 'ws')}/Codes/websocket` };
    const page = await open('Codes', options, context);
    await page.play('s', shown);
    await page.receives('s');

    const from = await page.now();
    signaling.cut();
    media.cut();
    // As a browser says it when its network changes.
    await context.setOffline(true);
    await context.setOffline(false);
    await page.hears('reconnection_attempt_for_player', from);
    await page.hears('play_started', from);
    await page.receives('s');
    await context.close();
    signaling.stop();
    media.stop();
  });

  test('comes back over the socket it has when only its media fails', async () => {
    const shown = await subscriber('dora');
    const media = await datagramNetwork(server.mediaPort);
    const context = await contextWith(browser, { port: media.port });
    const page = await open('Codes', {}, context);
    await page.play('s', shown);
    await page.receives('s');
    const from = await page.now();
    media.cut();
    await page.hears('play_started', from);
    await page.receives('s');
    assert.deepEqual((await page.order(['error unauthorized_access'])), [], 'it takes the place of itself');
    await context.close();
    media.stop();
  });
});
