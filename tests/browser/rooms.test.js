// A room of three pages with the published SDK, unmodified: each sees the two others over one connection.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { SdkPage, sdkSite } from './harness/sdk.js';
import { eventually, launch, startServer } from './harness/server.js';

let server, customer, browser;

before(async () => {
  server = await startServer({ applications: ['LiveApp'] });
  customer = await sdkSite();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  customer?.stop();
  await server?.stop();
});

/** A page whose application keeps the tracks that the SDK hands to it, as conference applications do. */
async function open() {
  const page = await SdkPage.open(browser, customer, server, 'LiveApp', { remoteVideoId: '' });
  await page.tab.evaluate(() => {
    window.tracks = {};
    window.adaptor.addEventListener((info, object) => {
      if (info === 'newTrackAvailable') (window.tracks[object.trackId] ??= {})[object.track.kind] = object.track;
      // Whoever comes next may be received by what received this one.
      if (info === 'subtrackRemoved') delete window.tracks[object.trackId];
    });
  });
  return page;
}

async function join(name, room) {
  const page = await open();
  await page.call('joinRoom', room, name);
  await page.hears('joinedTheRoom');
  await page.call('publish', name, '', '', '', name, room);
  await page.hears('publish_started');
  await page.call('play', room, '', room);
  await page.hears('play_started');
  return page;
}

/** The members whose sound and pictures a page has now. */
const shown = (page) =>
  page.tab.evaluate(() =>
    Object.entries(window.tracks)
      .filter(([, { video, audio }]) => [video, audio].every((track) => track?.readyState === 'live' && !track.muted))
      .map(([name]) => name)
      .sort(),
  );

/** Pictures decoded of each member, as the browser counts them. */
const decoded = (page, room) =>
  page.tab.evaluate(async (room) => {
    const report = await window.adaptor.remotePeerConnection[room].getStats();
    const names = Object.fromEntries(Object.entries(window.tracks).map(([name, { video }]) => [video?.id, name]));
    const inbound = [...report.values()].filter(({ type, kind }) => type === 'inbound-rtp' && kind === 'video');
    return Object.fromEntries(inbound.map(({ trackIdentifier, framesDecoded }) => [names[trackIdentifier], framesDecoded]));
  }, room);

async function sees(page, room, members) {
  await eventually(`${members} are shown`, async () => JSON.stringify(await shown(page)) === JSON.stringify(members));
  const before = await decoded(page, room);
  await eventually(`pictures of ${members}`, async () => {
    const now = await decoded(page, room);
    return members.every((name) => now[name] > (before[name] ?? 0) + 3);
  });
}

test('three pages in a room see one another, one leaves, another comes later', async () => {
  const anna = await join('anna', 'salon');
  const bert = await join('bert', 'salon');
  const cora = await join('cora', 'salon');
  await sees(anna, 'salon', ['bert', 'cora']);
  await sees(bert, 'salon', ['anna', 'cora']);
  await sees(cora, 'salon', ['anna', 'bert']);

  await cora.call('stop', 'cora');
  await cora.hears('publish_finished');
  await sees(anna, 'salon', ['bert']);
  await sees(bert, 'salon', ['anna']);
  await sees(cora, 'salon', ['anna', 'bert']);
  await anna.hears('subtrackRemoved');

  const dora = await join('dora', 'salon');
  await sees(dora, 'salon', ['anna', 'bert']);
  await sees(anna, 'salon', ['bert', 'dora']);
  assert.equal((await anna.object('subtrackAdded')).trackId, 'dora');

  await anna.call('enableTrack', 'salon', 'bert', false);
  await eventually('bert rests', async () => {
    const before = await decoded(anna, 'salon');
    await anna.tab.waitForTimeout(500);
    const now = await decoded(anna, 'salon');
    return now.bert === before.bert && now.dora > before.dora;
  });
  await anna.call('enableTrack', 'salon', 'bert', true);
  await sees(anna, 'salon', ['bert', 'dora']);
  await Promise.all([anna, bert, cora, dora].map(({ tab }) => tab.close()));
});
