// hls.js and dash.js as published, on a customer's page of another origin.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { code, eventually, launch, publish, publishWhip, site, startServer } from './harness/server.js';

const require = createRequire(import.meta.url);
const SECRET = 'mysecret';
const SECONDS = 10;

const page = (script) => ({
  type: 'text/html',
  body: `<!doctype html><meta charset="utf-8"><title>customer</title>
    <video id="video" muted playsinline width="640"></video><script src="/${script}"></script>`,
});

let server, customer, browser, publisher;

before(async () => {
  server = await startServer();
  publisher = publish(`${server.rtmp}/LiveApp/s`);
  await server.live('LiveApp', 's');
  await server.set('LiveApp', { enableTimeTokenForPlay: true });
  const hls = readFileSync(require.resolve('hls.js/dist/hls.min.js'));
  const dash = readFileSync(require.resolve('dashjs').replace(/dist\/.*$/, 'dist/modern/umd/dash.all.min.js'));
  customer = await site({
    '/hls': page('hls.js'),
    '/dash': page('dash.js'),
    '/file': page('none.js'),
    '/none.js': { type: 'text/javascript', body: '' },
    '/hls.js': { type: 'text/javascript', body: hls },
    '/dash.js': { type: 'text/javascript', body: dash },
  });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  customer?.stop();
  publisher?.stop();
  await server?.stop();
});

async function subscriber(id) {
  const body = { subscriberId: id, b32Secret: SECRET, type: 'play' };
  const answer = await server.rest('POST', '/LiveApp/rest/v2/broadcasts/s/subscribers', body);
  assert.equal(answer.body.success, true);
  return `subscriberId=${id}&subscriberCode=${code(SECRET)}`;
}

/** Lets the player run and reports how far it came and how many frames it showed. */
const watch = (tab) =>
  tab.evaluate(async (seconds) => {
    const video = document.getElementById('video');
    // Not before there is something to play: dash.js would miss the event and take itself for paused.
    while (video.readyState < 3) await new Promise((resolve) => setTimeout(resolve, 50));
    await video.play();
    const from = video.currentTime;
    const deadline = performance.now() + 60_000;
    while (video.currentTime - from < seconds && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality();
    return {
      played: video.currentTime - from,
      shown: totalVideoFrames - droppedVideoFrames,
      audioBytes: video.webkitAudioDecodedByteCount,
      errors: window.playerErrors,
    };
  }, SECONDS);

function assertPlayed(result) {
  assert.deepEqual(result.errors, []);
  assert.ok(result.played >= SECONDS, `played ${result.played} s`);
  assert.ok(result.shown > SECONDS * 15, `showed ${result.shown} frames`);
  assert.ok(result.audioBytes > 0, 'sound was decoded');
}

test('hls.js plays ten seconds with tickets in the query', async () => {
  const tab = await browser.newPage();
  await tab.goto(`${customer.origin}/hls`);
  const url = `${server.origin}/LiveApp/streams/s.m3u8?${await subscriber('hlsQuery')}`;
  await tab.evaluate((url) => {
    window.playerErrors = [];
    const hls = new window.Hls();
    hls.on(window.Hls.Events.ERROR, (_, data) => window.playerErrors.push(`${data.type} ${data.details}`));
    hls.loadSource(url);
    hls.attachMedia(document.getElementById('video'));
  }, url);
  assertPlayed(await watch(tab));
  assert.deepEqual(await tab.context().cookies(server.origin), [], 'without credentials no cookie was kept');
  await tab.close();
});

test('hls.js plays ten seconds with cookies alone', async () => {
  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(`${customer.origin}/hls`);
  const credentials = await subscriber('hlsCookie');
  const asked = [];
  tab.on('request', (request) => request.url().startsWith(server.origin) && asked.push(request.url()));
  await tab.evaluate(
    async ({ url, credentials }) => {
      const first = await fetch(`${url}?${credentials}`, { credentials: 'include' });
      if (first.status !== 200) throw new Error(`the first request answered ${first.status}`);
      window.playerErrors = [];
      const hls = new window.Hls({
        xhrSetup: (xhr, target) => {
          xhr.open('GET', target.split('?')[0], true);
          xhr.withCredentials = true;
        },
      });
      hls.on(window.Hls.Events.ERROR, (_, data) => window.playerErrors.push(`${data.type} ${data.details}`));
      hls.loadSource(url);
      hls.attachMedia(document.getElementById('video'));
    },
    { url: `${server.origin}/LiveApp/streams/s.m3u8`, credentials },
  );
  assertPlayed(await watch(tab));
  assert.ok(asked.slice(1).every((url) => !url.includes('?')), 'nothing but the cookie admitted it');
  await context.close();
});

test('dash.js plays ten seconds with tickets in the query', async () => {
  const tab = await browser.newPage();
  await tab.goto(`${customer.origin}/dash`);
  const url = `${server.origin}/LiveApp/streams/s/s.mpd?${await subscriber('dashQuery')}`;
  await tab.evaluate((url) => {
    window.playerErrors = [];
    const player = window.dashjs.MediaPlayer().create();
    player.on('error', (event) => window.playerErrors.push(`${event.error.code} ${event.error.message}`));
    player.initialize(document.getElementById('video'), url, true);
  }, url);
  assertPlayed(await watch(tab));
  await tab.close();
});

test('dash.js plays ten seconds with cookies alone', async () => {
  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(`${customer.origin}/dash`);
  const credentials = await subscriber('dashCookie');
  await tab.evaluate(
    async ({ url, credentials }) => {
      const first = await fetch(`${url}?${credentials}`, { credentials: 'include' });
      if (first.status !== 200) throw new Error(`the first request answered ${first.status}`);
      window.playerErrors = [];
      const player = window.dashjs.MediaPlayer().create();
      player.on('error', (event) => window.playerErrors.push(`${event.error.code} ${event.error.message}`));
      for (const kind of ['MPD', 'MediaSegment', 'InitializationSegment']) {
        player.setXHRWithCredentialsForType(kind, true);
      }
      player.addRequestInterceptor((request) => {
        request.url = request.url.split('?')[0];
        request.credentials = 'include';
        return Promise.resolve(request);
      });
      player.initialize(document.getElementById('video'), url, true);
    },
    { url: `${server.origin}/LiveApp/streams/s/s.mpd`, credentials },
  );
  assertPlayed(await watch(tab));
  await context.close();
});

/** Records some seconds of what `start` publishes as `stream`, with a subscriber for it; returns the recording. */
async function recorded(stream, start) {
  const broadcasts = '/LiveApp/rest/v2/broadcasts';
  await server.rest('POST', `${broadcasts}/create`, { streamId: stream, mp4Enabled: 1 });
  const body = { subscriberId: 'viewer', b32Secret: SECRET, type: 'play' };
  await server.rest('POST', `${broadcasts}/${stream}/subscribers`, body);
  const live = start();
  await eventually(`${stream} has run for a while`, async () => {
    const { body } = await server.rest('GET', `${broadcasts}/${stream}`);
    return body.startTime > 0 && Date.now() - body.startTime > 9_000;
  });
  await server.rest('PUT', `${broadcasts}/${stream}/recording/false`);
  const list = await eventually('the recording is listed', async () => {
    const { body } = await server.rest('GET', `/LiveApp/rest/v2/vods/list/0/10?streamId=${stream}`);
    return JSON.parse(body).length > 0 && JSON.parse(body);
  });
  live.stop();
  return list[0];
}

for (const [stream, start] of [
  ['rtmp', () => publish(`${server.rtmp}/LiveApp/rtmp`)],
  ['whip', () => publishWhip(`${server.origin}/LiveApp/whip/whip`)],
]) {
  test(`a recording of ${stream} plays and seeks in a plain video element`, async () => {
    const vod = await recorded(stream, start);
    const tab = await browser.newPage();
    const asked = [];
    tab.on('response', (response) => response.url().includes('.mp4') && asked.push(response.status()));
    await tab.goto(`${customer.origin}/file`);
    const url = `${server.origin}/LiveApp/${vod.filePath}`;
    const result = await tab.evaluate(
      async ({ url, credentials }) => {
        const video = document.getElementById('video');
        const load = async (address) => {
          const outcome = new Promise((resolve) => {
            video.onerror = () => resolve(video.error.message);
            video.onloadedmetadata = () => resolve('loaded');
          });
          video.src = address;
          return outcome;
        };
        const refused = await load(url);
        const opened = await load(`${url}?${credentials}`);
        if (opened !== 'loaded') return { refused, opened };
        const reach = async (time) => {
          while (video.currentTime < time && !video.error) await new Promise((resolve) => setTimeout(resolve, 50));
        };
        await video.play();
        await reach(1);
        const target = video.duration - 2.5;
        const seeked = new Promise((resolve) => (video.onseeked = resolve));
        video.currentTime = target;
        await seeked;
        await reach(target + 1);
        return {
          refused,
          opened,
          error: video.error?.message,
          duration: video.duration,
          at: video.currentTime - target,
          width: video.videoWidth,
          frames: video.getVideoPlaybackQuality().totalVideoFrames,
          audioBytes: video.webkitAudioDecodedByteCount,
        };
      },
      { url, credentials: `subscriberId=viewer&subscriberCode=${code(SECRET)}` },
    );
    assert.notEqual(result.refused, 'loaded');
    assert.equal(result.opened, 'loaded', JSON.stringify(result));
    assert.equal(result.error, undefined);
    assert.ok(Math.abs(result.duration * 1000 - vod.duration) < 100, `${result.duration} s, ${vod.duration} ms`);
    assert.ok(result.at >= 1 && result.width === 640 && result.frames > 20, JSON.stringify(result));
    assert.ok(result.audioBytes > 0, 'sound was decoded');
    assert.ok(asked.includes(206), `answered ${asked}`);
    await tab.close();
  });
}
