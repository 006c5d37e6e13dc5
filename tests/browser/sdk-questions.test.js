// What a page with the published SDK, unmodified, asks about streams and servers, and what it is told unasked.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';

import { SdkPage, sdkSite } from './harness/sdk.js';
import { eventually, launch, publish, startServer } from './harness/server.js';
import { faults, watch } from './harness/moving.js';
import { playWhep, sendWhip, whepSite } from './harness/whep.js';

const STUN = 'stun:127.0.0.1:3478';
const TURN = { uri: 'turn:127.0.0.1:3478?transport=tcp', username: 'relayed', credential: 'relay-credential' };

let server, customer, empty, browser, backEnd;
const asked = [];
const publishers = [];

before(async () => {
  // A back end that lets everybody play, and remembers what it was told of them.
  backEnd = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    asked.push(JSON.parse(body));
    response.end();
  });
  await once(backEnd.listen(0, '127.0.0.1'), 'listening');
  server = await startServer({
    applications: ['LiveApp', 'Stun', 'Turn', 'Hooks'],
    environment: { SLUICE_OUTBOUND_ALLOWED_CIDR: '127.0.0.0/8' },
  });
  await server.set('Stun', { stunServerURI: STUN });
  await server.set('Turn', { stunServerURI: TURN.uri, turnServerUsername: TURN.username, turnServerCredential: TURN.credential });
  await server.set('Hooks', { webhookPlayAuthUrl: `http://127.0.0.1:${backEnd.address().port}/` });
  const streams = ['LiveApp', 'Stun', 'Turn', 'Hooks'];
  for (const application of streams) publishers.push(publish(`${server.rtmp}/${application}/s`));
  customer = await sdkSite();
  empty = await whepSite();
  browser = await launch();
  await Promise.all(
    streams.map((application) =>
      eventually(`${application}/s is on the air`, async () => {
        const { body } = await server.rest('GET', `/${application}/rest/v2/broadcasts/s`);
        return body.status === 'broadcasting';
      }),
    ),
  );
});

after(async () => {
  await browser?.close();
  for (const publisher of publishers) publisher.stop();
  customer?.stop();
  empty?.stop();
  backEnd?.close();
  await server?.stop();
});

const open = (application, options) => SdkPage.open(browser, customer, server, application, { isPlayMode: true, ...options });

async function playing(application, options) {
  const page = await open(application, options);
  await page.play('s');
  await page.hears('play_started');
  return page;
}

/** Calls a method, and returns what is called back under `name` after it. */
async function answer(page, name, method, ...parameters) {
  const from = await page.now();
  await page.call(method, ...parameters);
  await page.hears(name, from);
  return page.object(name);
}

describe('the SDK', { concurrency: 2 }, () => {
  test('is answered about a stream', async () => {
    const subscriber = { subscriberId: 'bert', subscriberName: 'Bert', b32Secret: 'mysecret', type: 'play' };
    await server.rest('POST', '/LiveApp/rest/v2/broadcasts/s/subscribers', subscriber);
    const page = await playing('LiveApp');

    const { streamId, broadcast } = await answer(page, 'broadcastObject', 'getBroadcastObject', 's');
    assert.equal(streamId, 's');
    const shown = JSON.parse(broadcast);
    assert.deepEqual([shown.streamId, shown.status, shown.type], ['s', 'broadcasting', 'liveStream']);
    for (const name of ['username', 'password', 'streamUrl', 'ipAddr']) assert.equal(shown[name] ?? null, null, name);

    await eventually('the viewer is counted', async () => (await answer(page, 'subscriberCount', 'getSubscriberCount', 's')).count === 1);
    const { subscriberList } = await answer(page, 'subscriberList', 'getSubscriberList', 's', 0, 10);
    assert.deepEqual(subscriberList.map((text) => JSON.parse(text).subscriberId), ['bert']);
    assert.doesNotMatch(subscriberList.join(), /mysecret/i);
    assert.deepEqual((await answer(page, 'subscriberList', 'getSubscriberList', 's', 1, 10)).subscriberList, []);

    const { streamInfo } = await answer(page, 'streamInformation', 'getStreamInfo', 's');
    assert.deepEqual([streamInfo[0].streamWidth, streamInfo[0].streamHeight], [640, 360]);
    assert.deepEqual((await answer(page, 'trackList', 'getTracks', 's', '')).trackList, ['s']);
    const { payload } = await answer(page, 'videoTrackAssignmentList', 'requestVideoTrackAssignments', 's');
    assert.deepEqual(payload.map(({ trackId }) => trackId), ['s']);
    assert.match((await answer(page, 'debugInfo', 'getDebugInfo', 's')).debugInfo, /640/);

    const absent = await answer(page, 'no_stream_exist', 'getBroadcastObject', 'absent');
    assert.equal(absent.streamId, 'absent');
    await page.tab.close();
  });

  test('is told what its way carries, and takes no harm from a wish for another quality', async () => {
    const page = await playing('LiveApp');
    await eventually('a second with pictures is measured', async () => {
      const measured = await page.object('bitrateMeasurement');
      return measured?.videoBitrate > 100_000 && measured.audioBitrate > 10_000 && measured.targetBitrate > 0;
    });
    assert.equal((await page.object('bitrateMeasurement')).streamId, 's');
    const from = await page.now();
    for (const height of [240, 'auto', 0]) await page.call('forceStreamQuality', 's', height);
    assert.deepEqual(faults(await watch(page.tab, { selector: '#remote', seconds: 2 }), 2), []);
    // What is asked after it is answered after it.
    await answer(page, 'streamInformation', 'getStreamInfo', 's');
    const told = await page.tab.evaluate((from) => window.told.slice(from).filter(({ error }) => error), from);
    assert.deepEqual(told, []);
    await page.tab.close();
  });

  test('tells the back end what the page says of its viewer', async () => {
    const page = await open('Hooks');
    await page.call('play', 's', '', '', [], 'bert', '', '{"seat":"12"}');
    await page.hears('play_started');
    const question = asked.find(({ subscriberId }) => subscriberId === 'bert');
    assert.deepEqual([question.mode, question.streamId, question.metaData], ['play', 's', '{"seat":"12"}']);
    await page.tab.close();
  });

  /** A page that leaves it to the server which servers help it to connect. */
  const helped = (application) => open(application, { peerconnection_config: {} });
  const configured = (page) => page.tab.evaluate(() => window.adaptor.peerconnection_config.iceServers ?? []);
  const ofConnection = (page) => page.tab.evaluate(() => window.adaptor.remotePeerConnection.s.getConfiguration().iceServers);
  const urls = (servers) => servers.flatMap((one) => one.urls);

  /** The Link header of what a stranger asks for, of a viewer and of a publisher. */
  async function links(application) {
    const stranger = (await fetch(`${server.origin}/${application}/whep/s`, { method: 'OPTIONS' })).headers.get('Link');
    const [viewer, studio] = [await browser.newPage(), await browser.newPage()];
    await Promise.all([viewer.goto(empty.origin), studio.goto(empty.origin)]);
    const { link: toViewer } = await playWhep(viewer, `${server.origin}/${application}/whep/s`);
    const { link: toPublisher } = await sendWhip(studio, `${server.origin}/${application}/whip/other`);
    await Promise.all([viewer.close(), studio.close()]);
    return { stranger, toViewer, toPublisher };
  }

  test('connects with the STUN server that the application names, as WHIP and WHEP say it', async () => {
    const page = await helped('Stun');
    await eventually('it is told', async () => (await configured(page)).length > 0);
    await page.play('s');
    await page.hears('play_started');
    assert.deepEqual(urls(await ofConnection(page)), [STUN]);
    const named = `<${STUN}>; rel="ice-server"`;
    assert.deepEqual(await links('Stun'), { stranger: named, toViewer: named, toPublisher: named });
    await page.tab.close();
  });

  test('connects with the TURN server that the application names, once it was let in', async () => {
    const page = await helped('Turn');
    assert.deepEqual(await configured(page), [], 'a relay is not for strangers');
    await page.play('s');
    await page.hears('play_started');
    await eventually('it is told', async () => (await configured(page)).length > 0);
    await page.call('stop', 's');
    await page.hears('play_finished');
    const from = await page.now();
    await page.play('s');
    await page.hears('play_started', from);
    const relay = (await ofConnection(page)).find((one) => [one.urls].flat().includes(TURN.uri));
    assert.deepEqual([relay.username, relay.credential], [TURN.username, TURN.credential]);
    const login = `username="${TURN.username}"; credential="${TURN.credential}"; credential-type="password"`;
    const named = `<${TURN.uri}>; rel="ice-server"; ${login}`;
    assert.deepEqual(await links('Turn'), { stranger: null, toViewer: named, toPublisher: named });
    assert.doesNotMatch(server.log(), new RegExp(TURN.credential));
    await page.tab.close();
  });
});
