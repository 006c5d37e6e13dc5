// The paths of a connection: by TCP where UDP does not come through, and another one in the middle of it (ICE restart).

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { contextWith, selectedPair } from './harness/candidates.js';
import { faults, watch } from './harness/moving.js';
import { SdkPage, sdkSite } from './harness/sdk.js';
import { code, eventually, launch, publish, startServer } from './harness/server.js';
import { applyFragment, counted, grows, patch, playWhep, restartIce, sendWhip, whepSite } from './harness/whep.js';

const SECRET = 'mysecret';

let server, customer, sdk, browser;
const publishers = [];

before(async () => {
  server = await startServer({
    applications: ['LiveApp', 'Tcp', 'Guarded', 'Tokens'],
    environment: { SLUICE_WEBRTC_TCP: 'true' },
  });
  await server.set('Tcp', { webRTCTcpCandidatesEnabled: true });
  await server.set('Guarded', { webRTCTcpCandidatesEnabled: true, enableTimeTokenForPlay: true });
  await server.set('Tokens', { playTokenControlEnabled: true });
  for (const stream of ['LiveApp/s', 'Guarded/stage', 'Tokens/s']) publishers.push(publish(`${server.rtmp}/${stream}`));
  customer = await whepSite();
  sdk = await sdkSite();
  browser = await launch();
  await Promise.all(['LiveApp/s', 'Guarded/stage', 'Tokens/s'].map((stream) => onAir(...stream.split('/'))));
});

after(async () => {
  await browser?.close();
  for (const publisher of publishers) publisher.stop();
  customer?.stop();
  sdk?.stop();
  await server?.stop();
});

const record = async (application, stream) => (await server.rest('GET', `/${application}/rest/v2/broadcasts/${stream}`)).body;

const onAir = (application, stream) =>
  eventually(`${application}/${stream} is on the air`, async () => (await record(application, stream)).status === 'broadcasting');

/** A context of its own, since a page behind another one of its context is drawn once a second. */
const onlyTcp = () => contextWith(browser, { protocol: 'tcp' });

async function page(context = browser) {
  const tab = await context.newPage();
  await tab.goto(customer.origin);
  return tab;
}

const url = (path) => `${server.origin}${path}`;

/** What is wrong with the pictures and the sound of `seconds`. */
const seen = async (tab, seconds = 2) => faults(await watch(tab, { selector: '#remote', seconds }), seconds);

async function assertTcp(tab, streamId) {
  const { local, remote } = await selectedPair(tab, streamId);
  assert.deepEqual([local.protocol, remote.protocol, remote.port], ['tcp', 'tcp', server.mediaPort]);
}

describe('where UDP does not come through', { concurrency: 2 }, () => {
  test('a page publishes over WHIP and another plays over WHEP, by TCP', async () => {
    const [studio, viewer] = [await page(await onlyTcp()), await page(await onlyTcp())];
    assert.equal((await sendWhip(studio, url('/Tcp/whip/s'))).status, 201);
    await onAir('Tcp', 's');
    assert.equal((await playWhep(viewer, url('/Tcp/whep/s'))).status, 201);
    assert.deepEqual(await seen(viewer), []);
    await Promise.all([assertTcp(studio), assertTcp(viewer)]);
    await Promise.all([studio.close(), viewer.close()]);
  });

  test('the SDK publishes and plays by TCP', async () => {
    const studio = await SdkPage.open(await onlyTcp(), sdk, server, 'Tcp');
    await studio.publish('sdk');
    await studio.hears('publish_started');
    const viewer = await SdkPage.open(await onlyTcp(), sdk, server, 'Tcp', { isPlayMode: true });
    await viewer.play('sdk');
    await viewer.hears('play_started');
    assert.deepEqual(await seen(viewer.tab), []);
    await Promise.all([assertTcp(studio.tab, 'sdk'), assertTcp(viewer.tab, 'sdk')]);
    await Promise.all([studio.tab.close(), viewer.tab.close()]);
  });

  test('a block stops what goes by TCP, and its end brings the pictures back', async () => {
    const block = async (seconds) => {
      const path = `/Guarded/rest/v2/broadcasts/stage/subscribers/bert/block/${seconds}/play`;
      const { body } = await server.rest('PUT', path);
      assert.equal(body.success, true, JSON.stringify(body));
    };
    const enter = async (id) => {
      const body = { subscriberId: id, b32Secret: SECRET, type: 'play' };
      await server.rest('POST', '/Guarded/rest/v2/broadcasts/stage/subscribers', body);
      const tab = await page(await onlyTcp());
      const path = `/Guarded/whep/stage?subscriberId=${id}&subscriberCode=${code(SECRET)}`;
      assert.equal((await playWhep(tab, url(path))).status, 201);
      await grows(tab, 'received', 20_000);
      return tab;
    };
    const [blocked, other] = await Promise.all([enter('bert'), enter('cora')]);
    await assertTcp(blocked);

    await block(120);
    // What lay in the page's own socket has been read once the other viewer was sent more.
    await grows(other, 'received', 5_000);
    const { received } = await counted(blocked);
    await grows(other, 'received', 100_000);
    assert.equal((await counted(blocked)).received, received, 'not a byte while blocked');

    await block(0);
    assert.deepEqual(await seen(blocked), []);
    await assertTcp(blocked);
    await Promise.all([blocked.close(), other.close()]);
  });

  test('an application that does not offer TCP names no candidate of it', async () => {
    const tab = await page();
    const { answer } = await playWhep(tab, url('/LiveApp/whep/s'));
    assert.match(answer, /^a=candidate:\S+ 1 udp /m);
    assert.doesNotMatch(answer, /^a=candidate:\S+ 1 tcp /m);
    await tab.close();
  });
});

describe('an ICE restart', { concurrency: 2 }, () => {
  /** Waits until the pair in use has other credentials on both sides than `before`. */
  const changed = (tab, before) =>
    eventually('another pair is in use', async () => {
      const now = await selectedPair(tab);
      const isOther = (side) => now?.[side].usernameFragment && now[side].usernameFragment !== before[side].usernameFragment;
      return isOther('local') && isOther('remote');
    });

  test('goes on with what a viewer sees, under another entity tag', async () => {
    const tab = await page();
    const { location, etag } = await playWhep(tab, url('/LiveApp/whep/s'));
    assert.match(etag, /^"[^"]+"$/);
    await grows(tab, 'decoded', 10);
    const before = await selectedPair(tab);

    const fragment = await restartIce(tab);
    assert.equal((await patch(tab, location, fragment)).status, 428, 'without a precondition');
    assert.equal((await patch(tab, location, fragment, { 'If-Match': '"another"' })).status, 412);
    await grows(tab, 'decoded', 10);
    const answer = await patch(tab, location, fragment, { 'If-Match': '*' });
    assert.equal(answer.status, 200);
    assert.match(answer.etag, /^"[^"]+"$/);
    assert.notEqual(answer.etag, etag);
    await applyFragment(tab, answer.body);
    await changed(tab, before);
    assert.deepEqual(await seen(tab), []);

    // Candidates of the session as it is now are taken; the tag of the one before names nothing any more.
    assert.equal((await patch(tab, location, fragment, { 'If-Match': answer.etag })).status, 204);
    assert.equal((await patch(tab, location, fragment, { 'If-Match': etag })).status, 412);

    // As the RFC's own example has it, in quotes.
    const second = await selectedPair(tab);
    const again = await patch(tab, location, await restartIce(tab), { 'If-Match': '"*"' });
    assert.equal(again.status, 200);
    await applyFragment(tab, again.body);
    await changed(tab, second);
    await grows(tab, 'decoded', 25);
    await tab.close();
  });

  test('goes on with what a publisher sends', async () => {
    const [studio, viewer] = [await page(), await page()];
    const { location, etag } = await sendWhip(studio, url('/LiveApp/whip/moving'));
    await onAir('LiveApp', 'moving');
    await playWhep(viewer, url('/LiveApp/whep/moving'));
    await grows(viewer, 'decoded', 10);
    const [before, { startTime }] = [await selectedPair(studio), await record('LiveApp', 'moving')];
    const answer = await patch(studio, location, await restartIce(studio), { 'If-Match': '*' });
    assert.equal(answer.status, 200);
    assert.notEqual(answer.etag, etag);
    await applyFragment(studio, answer.body);
    await changed(studio, before);
    assert.deepEqual(await seen(viewer), []);
    const { status, startTime: since } = await record('LiveApp', 'moving');
    assert.deepEqual([status, since], ['broadcasting', startTime], 'it is the same broadcast');
    await Promise.all([studio.close(), viewer.close()]);
  });

  test('is for the owner of the session alone', async () => {
    const [owner, stranger] = [await page(), await page()];
    const expires = Math.floor(Date.now() / 1000) + 3600;
    const { body } = await server.rest('GET', `/Tokens/rest/v2/broadcasts/s/token?expireDate=${expires}&type=play`);
    const token = body.tokenId;
    const { location } = await playWhep(owner, url('/Tokens/whep/s'), { token });
    await grows(owner, 'decoded', 10);
    const before = await selectedPair(owner);
    const fragment = 'a=ice-ufrag:evil\r\na=ice-pwd:0123456789012345678901\r\n';
    for (const headers of [{}, { Authorization: 'Bearer wrong' }]) {
      const { status, body: why } = await patch(stranger, location, fragment, { ...headers, 'If-Match': '*' });
      assert.equal(status, 404);
      assert.doesNotMatch(why, /ice-/);
    }
    const elsewhere = location.replace(/[^/]+$/, '0000');
    const { status } = await patch(stranger, elsewhere, fragment, { Authorization: `Bearer ${token}`, 'If-Match': '*' });
    assert.equal(status, 404);
    await grows(owner, 'decoded', 25);
    assert.deepEqual(await selectedPair(owner), before, 'nothing has changed');

    const answer = await patch(owner, location, await restartIce(owner), { Authorization: `Bearer ${token}`, 'If-Match': '*' });
    assert.equal(answer.status, 200);
    await applyFragment(owner, answer.body);
    await changed(owner, before);
    await grows(owner, 'decoded', 25);
    await Promise.all([owner.close(), stranger.close()]);
  });
});
