// Every codec in which browsers send pictures, to every kind of player: as it is where that is taken, re-encoded where it
// is not and may be, and otherwise refused by name.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { decode, listen, openPlayer, playerSite, probe, seenBy } from './harness/players.js';
import { SdkPage, sdkSite } from './harness/sdk.js';
import { eventually, launch, startServer } from './harness/server.js';
import { playWhep, sendWhip, receivedVideo } from './harness/whep.js';

const SECONDS = 5;
/** What browsers send, and what players of HLS and DASH are given: by ffprobe's name, and as manifests say it (RFC 6381). */
const CODECS = {
  VP8: { packaged: 'h264', said: 'avc1' },
  VP9: { packaged: 'vp9', said: 'vp09' },
  AV1: { packaged: 'av1', said: 'av01' },
};

let server, customer, sdk, browser;

before(async () => {
  server = await startServer({ applications: ['LiveApp', 'AsItIs'] });
  await server.set('LiveApp', {
    vp8Enabled: true,
    av1Enabled: true,
    webRTCTranscodingAllowed: true,
    rtmpPlaybackEnabled: true,
  });
  await server.set('AsItIs', { h264Enabled: false, vp8Enabled: true, vp9Enabled: false, rtmpPlaybackEnabled: true });
  customer = await playerSite();
  sdk = await sdkSite();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  customer?.stop();
  sdk?.stop();
  await server?.stop();
});

const streams = (application, path) => `${server.origin}/${application}/streams/${path}`;
const manifest = async (url) => (await fetch(url)).text();

/** What a page shows, and in which codec it came. */
async function seenOverWhep(tab) {
  await eventually('pictures come', async () => (await receivedVideo(tab)).codec);
  const { codec } = await receivedVideo(tab);
  return { codec, faults: await seenBy(tab, SECONDS) };
}

async function whep(application, stream, options) {
  const tab = await browser.newPage();
  await tab.goto(customer.origin);
  const answer = await playWhep(tab, `${server.origin}/${application}/whep/${stream}`, options);
  return { tab, answer };
}

for (const [codec, { packaged, said }] of Object.entries(CODECS)) {
  describe(`a stream published as ${codec}`, { concurrency: 3 }, () => {
    let publisher;
    before(async () => {
      publisher = await browser.newPage();
      await publisher.goto(customer.origin);
      const answer = await sendWhip(publisher, `${server.origin}/LiveApp/whip/${codec}`, { codec });
      assert.equal(answer.status, 201, answer.text);
      await server.live('LiveApp', codec);
    });
    after(() => publisher?.close());

    test(`plays over WHEP as ${codec}`, async () => {
      const { tab, answer } = await whep('LiveApp', codec);
      assert.equal(answer.status, 201, answer.text);
      assert.deepEqual(await seenOverWhep(tab), { codec: `video/${codec}`, faults: [] });
    });

    test(`plays over HLS as ${packaged}`, async () => {
      const url = streams('LiveApp', `${codec}.m3u8`);
      assert.deepEqual(await seenBy(await openPlayer(browser, customer, 'hls', url), SECONDS), []);
      assert.match(await manifest(url), new RegExp(`CODECS="${said}[^"]*,mp4a`));
      assert.deepEqual(await probe(url), { codecs: [packaged, 'aac'] });
    });

    test(`plays over DASH as ${packaged}`, async () => {
      const url = streams('LiveApp', `${codec}/${codec}.mpd`);
      assert.deepEqual(await seenBy(await openPlayer(browser, customer, 'dash', url), SECONDS), []);
      assert.match(await manifest(url), new RegExp(`codecs="${said}`));
    });

    test('plays over RTMP as h264', async () => {
      const url = `${server.rtmp}/LiveApp/${codec}`;
      assert.deepEqual(await decode(url, SECONDS), []);
      assert.deepEqual(await probe(url), { codecs: ['h264', 'aac'] });
    });

    if (codec === 'VP8') {
      test('plays as H.264 to a WHEP player that takes nothing else', async () => {
        const { tab, answer } = await whep('LiveApp', codec, { codec: 'H264' });
        assert.equal(answer.status, 201, answer.text);
        assert.deepEqual(await seenOverWhep(tab), { codec: 'video/H264', faults: [] });
      });
    }

    if (codec === 'VP9') {
      test('stops for a viewer who is blocked, and goes on at a key frame', async () => {
        const block = async (seconds) => {
          const path = `/LiveApp/rest/v2/broadcasts/${codec}/subscribers/bert/block/${seconds}/play`;
          const { body } = await server.rest('PUT', path);
          assert.equal(body.success, true, JSON.stringify(body));
        };
        const bert = await whep('LiveApp', `${codec}?subscriberId=bert`, { notes: true });
        const other = await whep('LiveApp', codec);
        assert.deepEqual([bert.answer.status, other.answer.status], [201, 201]);
        const received = async ({ tab }) => (await receivedVideo(tab)).bytes;
        const receives = async (viewer, bytes) => {
          const from = await received(viewer);
          await eventually(`${bytes} more bytes`, async () => (await received(viewer)) >= from + bytes);
        };
        const pictures = ({ tab }) => tab.evaluate(() => window.pictures);
        await Promise.all([receives(bert, 5_000), receives(other, 5_000)]);

        await block(120);
        // What was under way has arrived once the other viewer was sent more.
        await receives(other, 5_000);
        const [bytes, { length }] = [await received(bert), await pictures(bert)];
        assert.ok(length > 0, 'pictures came until then');
        await receives(other, 30_000);
        assert.equal(await received(bert), bytes, 'not a byte while blocked');

        await block(0);
        const first = await eventually('pictures come again', async () => (await pictures(bert))[length]);
        assert.equal(first, 'key');
        await other.tab.close();
        assert.deepEqual(await seenOverWhep(bert.tab), { codec: `video/${codec}`, faults: [] });
      });
    }
  });
}

describe('a stream published as VP8 where nothing may be re-encoded', { concurrency: 3 }, () => {
  let publisher;
  before(async () => {
    // The published SDK offers what it likes best, and the application takes VP8 alone.
    publisher = await SdkPage.open(browser, sdk, server, 'AsItIs');
    await publisher.publish('VP8');
    await publisher.hears('publish_started');
    await server.live('AsItIs', 'VP8');
  });
  after(() => publisher?.tab.close());

  test('plays over the SDK as VP8', async () => {
    const player = await SdkPage.open(browser, sdk, server, 'AsItIs', { isPlayMode: true });
    await player.play('VP8');
    await player.hears('play_started');
    await player.tab.evaluate(() => {
      window.connection = window.adaptor.remotePeerConnection.VP8;
    });
    assert.deepEqual(await seenOverWhep(player.tab), { codec: 'video/VP8', faults: [] });
  });

  test('is refused with a reason to a WHEP player that takes H.264 alone', async () => {
    const { tab, answer } = await whep('AsItIs', 'VP8', { codec: 'H264' });
    assert.equal(answer.status, 406);
    assert.match(answer.text, /VP8.*H\.264.*transcoding/);
    await tab.close();
  });

  test('is refused with a reason to an RTMP player', async () => {
    const { refused } = await probe(`${server.rtmp}/AsItIs/VP8`);
    assert.match(refused ?? '', /coded as VP8.*have the encoder send H\.264/);
  });

  test('has sound alone in HLS and DASH', async () => {
    const [playlist, mpd] = [streams('AsItIs', 'VP8.m3u8'), streams('AsItIs', 'VP8/VP8.mpd')];
    assert.deepEqual(await probe(playlist), { codecs: ['aac'] });
    assert.deepEqual(await listen(playlist, SECONDS), []);
    assert.match(await manifest(mpd), /codecs="mp4a/);
    assert.doesNotMatch(await manifest(mpd), /contentType="video"/);
    for (const [library, url] of [['hls', playlist], ['dash', mpd]]) {
      const tab = await openPlayer(browser, customer, library, url);
      const shown = () =>
        tab.evaluate(() => {
          const video = document.getElementById('remote');
          if (video.paused) video.play().catch(() => undefined);
          return { seconds: video.currentTime, width: video.videoWidth, sound: video.webkitAudioDecodedByteCount };
        });
      const from = await eventually(`${library}.js plays`, async () => (await shown()).sound && shown());
      await eventually(`${library}.js goes on`, async () => (await shown()).seconds >= from.seconds + 2);
      assert.equal((await shown()).width, 0);
      await tab.close();
    }
  });
});
