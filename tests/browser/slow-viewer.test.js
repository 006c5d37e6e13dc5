// A viewer whose network carries a fraction of the stream: pictures are left out for it, and for nobody else.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { contextWith } from './harness/candidates.js';
import { faults, watch } from './harness/moving.js';
import { eventually, launch, publish, startServer } from './harness/server.js';
import { datagramNetwork } from './harness/network.js';
import { counted, grows, playWhep, whepSite } from './harness/whep.js';

let server, network, customer, browser, publisher;

before(async () => {
  server = await startServer({ applications: ['LiveApp'] });
  publisher = publish(`${server.rtmp}/LiveApp/s`, { bitrate: '1500k' });
  network = await datagramNetwork(server.mediaPort);
  customer = await whepSite();
  browser = await launch();
  await server.live('LiveApp', 's');
});

after(async () => {
  await browser?.close();
  network?.stop();
  publisher?.stop();
  customer?.stop();
  await server?.stop();
});

async function enter(context, subscriberId) {
  const tab = await context.newPage();
  await tab.goto(customer.origin);
  const { status } = await playWhep(tab, `${server.origin}/LiveApp/whep/s?subscriberId=${subscriberId}`);
  assert.equal(status, 201);
  assert.deepEqual(faults(await watch(tab, { selector: '#remote', seconds: 1 }), 1), []);
  return tab;
}

const SESSIONS = `{ application(name: "LiveApp") { broadcast(streamId: "s") { sessions(filter: { open: true, protocol: WHEP }) {
  nodes { subscriberId stats { droppedFrames averageVideoBitrate } } } } } }`;

/** The figures of a viewer's session. */
async function figures(subscriberId) {
  const { body } = await server.rest('POST', '/graphql', { query: SESSIONS });
  const { stats } = body.data.application.broadcast.sessions.nodes.find((session) => session.subscriberId === subscriberId);
  return { dropped: Number(stats.droppedFrames), bitrate: Number(stats.averageVideoBitrate) };
}

test('a viewer who cannot keep up sees key frames, costs nobody else anything, and goes on when it can', async () => {
  const [slow, fast] = [await enter(await contextWith(browser, { port: network.port }), 'slow'), await enter(browser, 'fast')];
  assert.equal((await figures('slow')).dropped, 0);
  await eventually('the stream has more than 1 Mbit/s', async () => (await figures('fast')).bitrate > 1_000_000);

  // Half of the stream fits, then little more than its sound.
  network.limit(800_000);
  await eventually('pictures are left out', async () => (await figures('slow')).dropped > 0);
  network.limit(150_000);
  await grows(slow, 'keyFrames', 1);
  assert.deepEqual(faults(await watch(fast, { selector: '#remote', seconds: 2 }), 2), []);
  assert.equal((await figures('fast')).dropped, 0);
  assert.equal((await counted(fast)).lost, 0);

  network.limit(Infinity);
  await eventually('the picture moves smoothly again', async () => {
    const seen = await watch(slow, { selector: '#remote', seconds: 2 });
    // Of 25 a second.
    return faults(seen, 2).length === 0 && seen.frames >= 40;
  });
  const { dropped } = await figures('slow');
  await grows(slow, 'decoded', 50);
  assert.equal((await figures('slow')).dropped, dropped, 'nothing is left out any more');
});
