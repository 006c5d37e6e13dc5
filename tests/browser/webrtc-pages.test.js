// Our own pages over WebRTC: the publisher at `/{app}/`, the player at `/{app}/play.html`.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { faults, watch } from './harness/moving.js';
import { barriers, code, eventually, launch, playing, publish, startServer, watchRequests } from './harness/server.js';

const SECRET = 'mysecret';

let server, browser, publisher;

before(async () => {
  server = await startServer();
  publisher = publish(`${server.rtmp}/LiveApp/s`);
  await server.live('LiveApp', 's');
  await server.set('WebRTCAppEE', { enableTimeTokenForPublish: true, enableTimeTokenForPlay: true });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  publisher?.stop();
  await server?.stop();
});

async function subscriber(stream, id, type) {
  const body = { subscriberId: id, b32Secret: SECRET, type };
  await server.rest('POST', `/WebRTCAppEE/rest/v2/broadcasts/${stream}/subscribers`, body);
  return `subscriberId=${id}&subscriberCode=${code(SECRET)}`;
}

const block = (stream, id, seconds, type) =>
  server.rest('PUT', `/WebRTCAppEE/rest/v2/broadcasts/${stream}/subscribers/${id}/block/${seconds}/${type}`);

/** What the player page is doing. */
const player = (tab) => tab.evaluate(() => ({ ...window.sluicePlayer }));

const onAir = (tab) =>
  eventually('the page is live', () => tab.evaluate(() => window.sluicePublisher.state === 'live'));

async function startPublishing(tab) {
  const start = tab.getByRole('button', { name: 'Start' });
  await start.click();
}

// One after the other: each encodes and decodes 720p, of which two cores carry little more than one.
describe('our pages', () => {
  test('with the addresses of the documents publish and play', async () => {
    const context = await browser.newContext();
    const studio = await context.newPage();
    const outside = watchRequests(studio, [server.origin]);
    // A blank before the code, as people paste it.
    await studio.goto(`${server.origin}/WebRTCAppEE/?${(await subscriber('stream1', 'publisherA', 'publish')).replace('Code=', 'Code=%20')}`);
    assert.equal(await studio.getByLabel('Stream id').inputValue(), 'stream1');
    await startPublishing(studio);
    await onAir(studio);
    assert.deepEqual(await barriers(studio), []);
    const href = await studio.getByRole('link', { name: 'Open the player' }).getAttribute('href');
    assert.equal(href, `${server.origin}/WebRTCAppEE/play.html?id=stream1`, 'nothing that proves anything is in the link');

    const tab = await context.newPage();
    watchRequests(tab, [server.origin]).push = (url) => outside.push(url);
    await tab.goto(`${server.origin}/WebRTCAppEE/play.html?${await subscriber('stream1', 'playerB', 'play')}&id=stream1`);
    assert.deepEqual(faults(await watch(tab, { seconds: 3 }), 3), []);
    assert.equal((await player(tab)).technology, 'webrtc');
    assert.deepEqual(await barriers(tab), []);
    assert.deepEqual(outside, []);

    await studio.getByRole('button', { name: 'Stop' }).click();
    await studio.getByText('You are off the air').waitFor();
    await tab.getByText('The stream has ended').waitFor();
    await context.close();
  });

  test('tell a blocked viewer until when, and play on by themselves', async () => {
    const context = await browser.newContext();
    const studio = await context.newPage();
    await studio.goto(`${server.origin}/WebRTCAppEE/?id=show&${await subscriber('show', 'host', 'publish')}`);
    await startPublishing(studio);
    await onAir(studio);
    const tab = await context.newPage();
    await tab.goto(`${server.origin}/WebRTCAppEE/play.html?id=show&${await subscriber('show', 'guest', 'play')}`);
    await watch(tab, { seconds: 1 });
    await block('show', 'guest', 120, 'play');
    await tab.getByText(/You are blocked until/).waitFor();
    await block('show', 'guest', 0, 'play');
    await tab.getByText(/You are blocked/).waitFor({ state: 'hidden' });
    assert.deepEqual(faults(await watch(tab, { seconds: 2 }), 2), []);

    await block('show', 'host', 120, 'publish');
    await studio.getByText('The server ended your stream').waitFor();
    await startPublishing(studio);
    await studio.getByText(/You are blocked from publishing/).waitFor();
    await context.close();
  });

  test('say in plain words what is missing, and take it', async () => {
    const context = await browser.newContext();
    const studio = await context.newPage();
    await studio.goto(`${server.origin}/WebRTCAppEE/?id=typed`);
    await startPublishing(studio);
    await studio.getByText('You are not allowed to publish').waitFor();
    await subscriber('typed', 'writer', 'publish');
    await studio.getByLabel('Subscriber id').fill('writer');
    await studio.getByLabel('Code', { exact: true }).fill(code(SECRET));
    await startPublishing(studio);
    await onAir(studio);

    const tab = await context.newPage();
    await tab.goto(`${server.origin}/WebRTCAppEE/play.html?id=typed`);
    await tab.getByText('You are not allowed to watch').waitFor();
    await subscriber('typed', 'reader', 'play');
    await tab.getByLabel('Subscriber id').fill('reader');
    await tab.getByLabel('Code', { exact: true }).fill(code(SECRET));
    await tab.getByRole('button', { name: 'Try again' }).click();
    await watch(tab, { seconds: 1 });
    assert.equal((await player(tab)).technology, 'webrtc');
    for (const page of [studio, tab]) assert.ok(!page.url().includes('subscriberCode'), 'what is typed stays out of the address');
    await context.close();
  });

  test('carry everything over for who came to watch', async () => {
    const tab = await browser.newPage();
    await tab.goto(`${server.origin}/LiveApp?subscriberId=playerB&subscriberCode=%20438610&id=s`);
    await tab.getByRole('button', { name: 'I came to watch' }).click();
    await tab.waitForURL(/play\.html\?subscriberId=playerB&subscriberCode=.*438610&id=s/);
    await watch(tab, { seconds: 1 });
    assert.equal((await player(tab)).technology, 'webrtc');
    await tab.close();
  });

  test('fall back to the next technology when no packet comes through', async () => {
    const tab = await browser.newPage();
    // A network that carries nothing but HTTP.
    await tab.addInitScript(() => {
      const Original = window.RTCPeerConnection;
      window.RTCPeerConnection = function (configuration) {
        return new Original({ ...configuration, iceServers: [], iceTransportPolicy: 'relay' });
      };
    });
    await tab.goto(`${server.origin}/LiveApp/play.html?id=s&playOrder=webrtc,dash`);
    await playing(tab, 1);
    assert.equal((await player(tab)).technology, 'dash');
    await tab.close();
  });

  test('fall back at once where the browser has no WebRTC', async () => {
    const tab = await browser.newPage();
    await tab.addInitScript(() => delete window.RTCPeerConnection);
    await tab.goto(`${server.origin}/LiveApp/play.html?id=s`);
    await playing(tab, 1);
    assert.equal((await player(tab)).technology, 'hls');
    await tab.close();
  });

  test('wait for a stream that is not live, and start by themselves', async () => {
    const context = await browser.newContext();
    const tab = await context.newPage();
    await tab.goto(`${server.origin}/LiveApp/play.html?id=soon`);
    await tab.getByText('Stream is not live yet').waitFor();
    const studio = await context.newPage();
    await studio.goto(`${server.origin}/LiveApp/index.html?id=soon`);
    await startPublishing(studio);
    await watch(tab, { seconds: 1 });
    assert.equal((await player(tab)).state, 'playing');
    await context.close();
  });

  test('let no other page use camera and microphone', async () => {
    for (const [path, expected] of [
      ['/LiveApp/', /camera=\(self\), microphone=\(self\)/],
      ['/LiveApp/play.html?id=s', /camera=\(\), microphone=\(\)/],
    ]) {
      const { headers } = await fetch(server.origin + path);
      assert.match(headers.get('permissions-policy'), expected);
      assert.match(headers.get('content-security-policy'), /connect-src 'self' ws: wss:/);
    }
  });
});
