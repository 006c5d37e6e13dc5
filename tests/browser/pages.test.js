// Our own pages: the player, GraphiQL and the admin.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ADMIN, code, eventually, launch, playing, publish, startServer, watchRequests } from './harness/server.js';

const SECRET = 'mysecret';

let server, browser, publisher;

before(async () => {
  server = await startServer();
  publisher = publish(`${server.rtmp}/LiveApp/s`);
  await server.live('LiveApp', 's');
  browser = await launch();
});

after(async () => {
  await browser?.close();
  publisher?.stop();
  await server?.stop();
});

for (const [technology, parameter] of [['hls', 'id'], ['dash', 'name']]) {
  test(`play.html plays ${technology} without an error or an outside request`, async () => {
    const tab = await browser.newPage();
    const outside = watchRequests(tab, [server.origin]);
    await tab.goto(`${server.origin}/LiveApp/play.html?${parameter}=s&playOrder=${technology}`);
    await playing(tab, 5);
    const state = await tab.evaluate(() => ({ technology: window.sluicePlayer.technology, errors: window.sluicePlayer.errors }));
    assert.deepEqual(state, { technology, errors: [] });
    assert.deepEqual(outside, []);
    await tab.close();
  });
}

test('play.html tells a blocked viewer so, and resumes by itself', async () => {
  const context = await browser.newContext();
  const tab = await context.newPage();
  await server.set('LiveApp', { enableTimeTokenForPlay: true });
  try {
    const body = { subscriberId: 'playerB', b32Secret: SECRET, type: 'play' };
    await server.rest('POST', '/LiveApp/rest/v2/broadcasts/s/subscribers', body);
    const query = `id=s&playOrder=hls&subscriberId=playerB&subscriberCode=%20${code(SECRET)}`;
    await tab.goto(`${server.origin}/LiveApp/play.html?${query}`);
    await playing(tab, 2);
    await server.rest('PUT', '/LiveApp/rest/v2/broadcasts/s/subscribers/playerB/block/120/play');
    await tab.getByText(/blocked/i).waitFor();
    await server.rest('PUT', '/LiveApp/rest/v2/broadcasts/s/subscribers/playerB/block/0/play');
    const at = await tab.evaluate(() => performance.now());
    await eventually('the picture moves again', () =>
      tab.evaluate(async (at) => {
        const video = document.querySelector('video');
        const before = video.currentTime;
        await new Promise((resolve) => setTimeout(resolve, 500));
        return performance.now() > at && !video.paused && video.currentTime > before;
      }, at),
    );
    await tab.getByText(/blocked/i).waitFor({ state: 'hidden' });
  } finally {
    await server.set('LiveApp', { enableTimeTokenForPlay: false });
    await context.close();
  }
});

test('play.html asks for the stream when the address names none', async () => {
  const tab = await browser.newPage();
  await tab.goto(`${server.origin}/LiveApp/play.html?subscriberId=playerB&subscriberCode=%20438610`);
  await tab.getByRole('textbox', { name: 'Stream id' }).waitFor();
  await tab.close();
});

test('GraphiQL opens at /graphql, runs a query, and asks nobody else', async () => {
  const tab = await browser.newPage();
  const outside = watchRequests(tab, [server.origin]);
  await tab.goto(`${server.origin}/graphql`);
  // At once: a click that comes before the editors are loaded counts.
  await tab.getByRole('button', { name: /execute/i }).click();
  await tab.getByText('"LiveApp"').first().waitFor();
  assert.deepEqual(outside, []);
  await tab.close();
});

test('GraphiQL executes a click that came before its editors', async () => {
  const tab = await browser.newPage();
  let arrive;
  const asked = new Promise((resolve) => (arrive = resolve));
  await tab.route(/monaco/, async (route) => {
    await asked;
    await route.continue();
  });
  await tab.goto(`${server.origin}/graphql`, { waitUntil: 'commit' });
  await tab.getByRole('button', { name: /execute/i }).click();
  assert.equal(await tab.locator('.monaco-editor').count(), 0);
  arrive();
  await tab.getByText('"LiveApp"').first().waitFor();
  await tab.close();
});

test('an administrator logs in and sees the live stream', async () => {
  const context = await browser.newContext({ extraHTTPHeaders: { 'X-Forwarded-For': '192.0.2.7' } });
  const tab = await context.newPage();
  const outside = watchRequests(tab, [server.origin]);
  await tab.goto(`${server.origin}/admin/`);
  await tab.getByLabel(/mail/i).fill(ADMIN.email);
  await tab.getByLabel(/password/i).first().fill(ADMIN.password);
  await tab.getByRole('button', { name: /log in|sign in/i }).click();
  await tab.getByText('LiveApp').first().waitFor();
  assert.deepEqual(outside, []);
  await context.close();
});
