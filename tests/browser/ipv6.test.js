// Media over IPv6, where this machine has an address of it; where it has none, that none is named.

import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';

import { contextWith, selectedPair } from './harness/candidates.js';
import { faults, watch } from './harness/moving.js';
import { launch, publish, startServer } from './harness/server.js';
import { playWhep, sendWhip, whepSite } from './harness/whep.js';

/** Of an interface that others reach; one that means something on one link alone is none. */
const address = Object.values(networkInterfaces())
  .flat()
  .find(({ family, internal, address: ip }) => family === 'IPv6' && !internal && !/^fe[89ab]/i.test(ip))?.address;

let server, customer, browser, publisher;

before(async () => {
  const both = { SLUICE_WEBRTC_ADDR: '[::]:0', SLUICE_WEBRTC_PUBLIC_IP: `127.0.0.1,${address}`, SLUICE_WEBRTC_TCP: 'true' };
  server = await startServer({ applications: ['LiveApp', 'Tcp'], environment: address ? both : {} });
  await server.set('Tcp', { webRTCTcpCandidatesEnabled: true });
  publisher = publish(`${server.rtmp}/LiveApp/s`);
  customer = await whepSite();
  browser = await launch();
  await server.live('LiveApp', 's');
});

after(async () => {
  await browser?.close();
  publisher?.stop();
  customer?.stop();
  await server?.stop();
});

async function page(candidates) {
  const context = candidates ? await contextWith(browser, candidates) : browser;
  const tab = await context.newPage();
  await tab.goto(customer.origin);
  // Without a right to the camera a page is told of no address but that of the default route.
  await tab.evaluate(async () => {
    const media = await navigator.mediaDevices.getUserMedia({ audio: true });
    media.getTracks().forEach((track) => track.stop());
  });
  return tab;
}

/** Plays `path` and tells the pair that is used. */
async function play(path, candidates) {
  const tab = await page(candidates);
  const { status } = await playWhep(tab, server.origin + path);
  assert.equal(status, 201);
  assert.deepEqual(faults(await watch(tab, { selector: '#remote', seconds: 2 }), 2), []);
  const pair = await selectedPair(tab);
  await tab.close();
  return pair;
}

describe('over IPv6', { concurrency: true, skip: address ? false : 'this machine has no IPv6 address' }, () => {
  test('a page plays by UDP', async () => {
    const { local, remote } = await play('/LiveApp/whep/s', { family: 6 });
    assert.deepEqual([remote.address, remote.port, remote.protocol], [address, server.mediaPort, 'udp']);
    assert.match(local.address, /:/);
  });

  test('a page publishes and another plays by TCP', async () => {
    const studio = await page({ family: 6, protocol: 'tcp' });
    assert.equal((await sendWhip(studio, `${server.origin}/Tcp/whip/s`)).status, 201);
    await server.live('Tcp', 's');
    const { remote } = await play('/Tcp/whep/s', { family: 6, protocol: 'tcp' });
    assert.deepEqual([remote.address, remote.port, remote.protocol], [address, server.mediaPort, 'tcp']);
    assert.equal((await selectedPair(studio)).remote.address, address);
    await studio.close();
  });

  test('the same port still serves IPv4', async () => {
    const { remote } = await play('/LiveApp/whep/s', { family: 4 });
    assert.deepEqual([remote.address, remote.port], ['127.0.0.1', server.mediaPort]);
  });
});

test('no candidate is named of an address that the server does not have', async () => {
  const tab = await page();
  const { answer } = await playWhep(tab, `${server.origin}/LiveApp/whep/s`);
  const named = [...answer.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) /gm)].map(([, ip]) => ip);
  assert.deepEqual([...new Set(named)], address ? ['127.0.0.1', address] : ['127.0.0.1']);
  await tab.close();
});
