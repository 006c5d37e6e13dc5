// The published WebRTC SDK, unmodified, on a customer's page of another origin.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { Readable } from 'node:stream';

import { hash, jwt } from './harness/credentials.js';
import { SdkPage, sdkSite } from './harness/sdk.js';
import { code, eventually, launch, startServer } from './harness/server.js';
import { faults, watch } from './harness/moving.js';

const SECRET = 'mysecret';
const KEY = 'zautXStXM9iW3aD3FuyPH0TdK4GHPmHq';
/** What the SDK's documentation promises to tell about publishing and playing. */
const PROMISED = ['initialized', 'publish_started', 'publish_finished', 'play_started', 'play_finished'];

let server, customer, browser, backEnd;

before(async () => {
  backEnd = await decidingBackEnd();
  server = await startServer({
    applications: ['LiveApp', 'Tokens', 'Hashes', 'Jwts', 'Codes', 'Hooks', 'Blocks', 'Chat'],
    environment: { SLUICE_OUTBOUND_ALLOWED_CIDR: '127.0.0.0/8' },
  });
  customer = await sdkSite();
  browser = await launch();
  const url = `http://127.0.0.1:${backEnd.address().port}/`;
  await server.set('Tokens', { publishTokenControlEnabled: true, playTokenControlEnabled: true });
  await server.set('Hashes', { hashControlPublishEnabled: true, hashControlPlayEnabled: true, tokenHashSecret: KEY });
  await server.set('Jwts', { publishJwtControlEnabled: true, playJwtControlEnabled: true, jwtStreamSecretKey: KEY });
  await server.set('Codes', { enableTimeTokenForPublish: true, enableTimeTokenForPlay: true });
  await server.set('Hooks', { webhookAuthenticateURL: url, webhookPlayAuthUrl: url });
  await server.set('Blocks', { enableTimeTokenForPublish: true, enableTimeTokenForPlay: true });
});

after(async () => {
  await browser?.close();
  customer?.stop();
  backEnd?.close();
  await server?.stop();
});

/** A back end that lets in who shows `right`. */
async function decidingBackEnd() {
  const listening = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    response.writeHead(JSON.parse(body).token === 'right' ? 200 : 403).end();
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return listening;
}

async function subscriber(application, stream, id, type) {
  const path = `/${application}/rest/v2/broadcasts/${stream}/subscribers`;
  const { body } = await server.rest('POST', path, { subscriberId: id, b32Secret: SECRET, type });
  assert.equal(body.success, true, JSON.stringify(body));
}

const block = async (stream, id, seconds, type) => {
  const { body } = await server.rest('PUT', `/Blocks/rest/v2/broadcasts/${stream}/subscribers/${id}/block/${seconds}/${type}`);
  assert.equal(body.success, true, JSON.stringify(body));
};

async function oneTimeToken(application, stream, type) {
  const expires = Math.floor(Date.now() / 1000) + 3600;
  const { body } = await server.rest('GET', `/${application}/rest/v2/broadcasts/${stream}/token?expireDate=${expires}&type=${type}`);
  assert.ok(body.tokenId, JSON.stringify(body));
  return body.tokenId;
}

const open = (application, options, context = browser) => SdkPage.open(context, customer, server, application, options);
const PLAYER = { isPlayMode: true };

// Side by side, as far as two cores encode and decode for all: each has pages of its own.
describe('the SDK', { concurrency: 2 }, () => {
  test('publishes and plays with no security, and calls back in the order of its documentation', async () => {
    const publisher = await open('LiveApp');
    await publisher.publish('open');
    await publisher.hears('publish_started');
    const player = await open('LiveApp', PLAYER);
    await player.play('open');
    await player.hears('play_started');
    assert.deepEqual(faults(await watch(player.tab, { selector: '#remote', seconds: 3 }), 3), []);
    await player.call('stop', 'open');
    await player.hears('play_finished');
    await publisher.call('stop', 'open');
    await publisher.hears('publish_finished');
    assert.deepEqual(await publisher.order(PROMISED), ['initialized', 'publish_started', 'publish_finished']);
    assert.deepEqual(await player.order(PROMISED), ['initialized', 'play_started', 'play_finished']);
    assert.deepEqual(await publisher.order(['ice checking', 'ice connected', 'publish_started']), ['ice checking', 'ice connected', 'publish_started']);
    assert.equal((await publisher.object('publish_started')).streamId, 'open');
    await Promise.all([publisher.tab.close(), player.tab.close()]);
  });

  test('waits for a stream that is not live, and plays it when it is', async () => {
    const player = await open('LiveApp', PLAYER);
    await player.play('later');
    await player.hears('no_stream_exist');
    const error = await player.object('no_stream_exist');
    assert.equal(error.information, 'stream_not_exist_or_not_streaming');
    const publisher = await open('LiveApp');
    await publisher.publish('later');
    await player.hears('play_started');
    await player.receives('later');
    await publisher.call('stop', 'later');
    await player.hears('play_finished');
    await Promise.all([publisher.tab.close(), player.tab.close()]);
  });

  const modes = [
    {
      application: 'Tokens',
      wrong: () => ({ token: '0123456789' }),
      right: async (stream, role) => ({ token: await oneTimeToken('Tokens', stream, role) }),
    },
    {
      application: 'Hashes',
      wrong: (stream, role) => ({ token: hash(stream, role, `not ${KEY}`) }),
      right: (stream, role) => ({ token: hash(stream, role, KEY) }),
    },
    {
      application: 'Jwts',
      wrong: (stream, role) => ({ token: jwt(stream, role, KEY.toLowerCase()) }),
      right: (stream, role) => ({ token: jwt(stream, role, KEY) }),
    },
    {
      application: 'Codes',
      wrong: (_, role) => ({ subscriberId: role, subscriberCode: '000000' }),
      right: async (stream, role) => {
        await subscriber('Codes', stream, role, role);
        return { subscriberId: role, subscriberCode: code(SECRET) };
      },
    },
    { application: 'Hooks', wrong: () => ({ token: 'wrong' }), right: () => ({ token: 'right' }) },
  ];
  for (const { application, wrong, right } of modes) {
    test(`is refused with the wrong credential and let in with the right one: ${application}`, async () => {
      // Whoever was refused comes with a page of their own: the SDK goes on repeating what was wrong.
      const stranger = await open(application);
      await stranger.publish('s', await wrong('s', 'publish'));
      await stranger.hears('unauthorized_access');
      await stranger.tab.close();
      const publisher = await open(application);
      await publisher.publish('s', await right('s', 'publish'));
      await publisher.hears('publish_started');

      const curious = await open(application, PLAYER);
      await curious.play('s', await wrong('s', 'play'));
      await curious.hears('unauthorized_access');
      assert.equal(await curious.received('s'), 0);
      await curious.tab.close();
      const player = await open(application, PLAYER);
      await player.play('s', await right('s', 'play'));
      await player.hears('play_started');
      await player.receives('s');
      await Promise.all([publisher.tab.close(), player.tab.close()]);
    });
  }

  test('plays on after a block without a call by the page, and receives nothing while it lasts', async () => {
    for (const [id, type] of [['anna', 'publish'], ['bert', 'play'], ['cora', 'play']]) await subscriber('Blocks', 'stage', id, type);
    const publisher = await open('Blocks');
    await publisher.publish('stage', { subscriberId: 'anna', subscriberCode: code(SECRET) });
    await publisher.hears('publish_started');
    const [blocked, other] = await Promise.all([open('Blocks', PLAYER), open('Blocks', PLAYER)]);
    await blocked.play('stage', { subscriberId: 'bert', subscriberCode: code(SECRET) });
    await other.play('stage', { subscriberId: 'cora', subscriberCode: code(SECRET) });
    await Promise.all([blocked.receives('stage'), other.receives('stage')]);

    await block('stage', 'bert', 120, 'play');
    await blocked.hears('subscriber_blocked');
    // What was under way has arrived once the other viewer was sent more.
    await other.receives('stage', 5000);
    const before = await blocked.received('stage');
    await other.receives('stage', 100_000);
    assert.equal(await blocked.received('stage'), before, 'not a byte while blocked');

    const told = await blocked.now();
    await block('stage', 'bert', 0, 'play');
    await blocked.hears('subscriber_unblocked', told);
    await blocked.receives('stage');
    assert.deepEqual(await blocked.order(['play_started', 'play_finished']), ['play_started'], 'one play, never ended');
    await Promise.all([publisher, blocked, other].map(({ tab }) => tab.close()));
  });

  test('that is blocked from publishing is taken off the air, kept out, and let in again afterwards', async () => {
    await subscriber('Blocks', 'desk', 'anna', 'publish');
    const publisher = await open('Blocks');
    await publisher.publish('desk', { subscriberId: 'anna', subscriberCode: code(SECRET) });
    await publisher.hears('publish_started');
    await block('desk', 'anna', 120, 'publish');
    await publisher.hears('publish_finished');
    await publisher.call('stop', 'desk');
    await publisher.publish('desk', { subscriberId: 'anna', subscriberCode: code(SECRET) });
    await publisher.hears('user_blocked');
    await publisher.call('stop', 'desk');
    const from = await publisher.now();
    await block('desk', 'anna', 0, 'publish');
    await publisher.publish('desk', { subscriberId: 'anna', subscriberCode: code(SECRET) });
    await publisher.hears('publish_started', from);
    assert.deepEqual(await publisher.order([...PROMISED, 'error user_blocked']), [
      ...['initialized', 'publish_started', 'publish_finished', 'error user_blocked', 'publish_started'],
    ]);
    await publisher.tab.close();
  });

  test('authenticates again with the same code after its page was reloaded', async () => {
    for (const [id, type] of [['anna', 'publish'], ['bert', 'play']]) await subscriber('Blocks', 'again', id, type);
    const [publisher, player] = await Promise.all([open('Blocks'), open('Blocks', PLAYER)]);
    const shown = { subscriberId: 'anna', subscriberCode: code(SECRET) };
    await publisher.publish('again', shown);
    await publisher.hears('publish_started');
    const seen = { subscriberId: 'bert', subscriberCode: code(SECRET) };
    await player.play('again', seen);
    await player.receives('again');
    await player.load(customer, server, 'Blocks', PLAYER);
    await player.play('again', seen);
    await player.receives('again');
    await publisher.load(customer, server, 'Blocks');
    await publisher.publish('again', shown);
    await publisher.hears('publish_started');
    await Promise.all([publisher.tab.close(), player.tab.close()]);
  });

  test('sends messages to its viewers over the data channel, and a back end hears of them', async () => {
    const told = [];
    const chat = createServer(async (request, response) => {
      const form = await new Response(Readable.toWeb(request), { headers: request.headers }).formData();
      told.push(Object.fromEntries(form));
      response.end();
    });
    await once(chat.listen(0, '127.0.0.1'), 'listening');
    await server.set('Chat', { dataChannelWebHookURL: `http://127.0.0.1:${chat.address().port}/said` });
    const publisher = await open('Chat');
    await publisher.publish('words');
    await publisher.hears('publish_started');
    const player = await open('Chat', PLAYER);
    await player.play('words');
    await Promise.all([publisher.hears('data_channel_opened'), player.hears('data_channel_opened')]);
    await publisher.call('sendData', 'words', 'good evening');
    await player.hears('data_received');
    assert.match((await player.object('data_received')).data, /good evening/);
    await eventually('the back end was told', () => told.length === 1);
    const { action, app, id, data } = told[0];
    assert.deepEqual({ action, app, id, data }, { action: 'dataChannelMessage', app: 'Chat', id: 'words', data: 'good evening' });
    chat.close();
    await Promise.all([publisher.tab.close(), player.tab.close()]);
  });

  test('hears that a stream is taken', async () => {
    const [first, second] = await Promise.all([open('LiveApp'), open('LiveApp')]);
    await first.publish('taken');
    await first.hears('publish_started');
    await second.publish('taken');
    await second.hears('streamIdInUse');
    await Promise.all([first.tab.close(), second.tab.close()]);
    await eventually('the stream is free again', async () => {
      const { body } = await server.rest('GET', '/LiveApp/rest/v2/broadcasts/taken');
      return body.status !== 'broadcasting';
    });
  });
});
