// The front as people and players meet it: deploy/haproxy/haproxy.cfg in a real HAProxy, with stand-ins behind it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';
import { after, afterEach, before, describe, test } from 'node:test';

import { Front, Part, until } from './parts.js';

let apis, workers, front;

/** A cluster of its own for each test that breaks something. */
async function cluster(options = {}) {
  apis = await Promise.all(['api1', 'api2'].map((name) => new Part(name).start()));
  workers = await Promise.all(['worker1', 'worker2', 'worker3'].map((name) => new Part(name).start()));
  front = await Front.start({ apis, workers, ...options });
}

function tearDown() {
  front?.stop();
  for (const part of [...apis, ...workers]) part.die();
}

/** The worker that serves this path to this client now. */
const workerOf = async (path, options) => {
  const answer = await front.ask(path, options);
  return workers.find((worker) => worker.name === answer.json?.by);
};

describe('a running cluster', () => {
  before(() => cluster({ tls: true }));
  after(tearDown);

  const MAP = {
    '/graphql': 'api',
    '/rest/v2/applications': 'api',
    '/rest/streams/x': 'api',
    '/LiveApp/rest/v2/broadcasts/list/0/10': 'api',
    '/LiveApp/rest/v2/broadcasts/websocket': 'api',
    '/': 'api',
    '/admin': 'api',
    '/admin/': 'api',
    '/admin/streams/LiveApp': 'api',
    '/assets/websocket': 'api',
    '/docs': 'api',
    '/openapi.json': 'api',
    '/LiveApp': 'api',
    '/LiveApp/': 'api',
    '/LiveApp/index.html': 'api',
    '/LiveApp/samples/publish_webrtc.html?id=streams': 'api',
    '/LiveApp/play.html?id=streams/stream1': 'api',
    '/LiveApp/streamsx/stream1.m3u8': 'api',
    '/LiveApp/streams/stream1.m3u8?token=abc': 'worker',
    '/LiveApp/streams/stream1/stream1.mpd': 'worker',
    '/LiveApp/streams/stream1/v-17.2.m4s': 'worker',
    '/LiveApp/streams/recordings/a/b.mp4': 'worker',
    '/admin-live/streams/stream1.m3u8': 'worker',
    '/LiveApp/websocket?target=edge': 'worker',
    '/LiveApp/whip/stream1': 'worker',
    '/LiveApp/whep/stream1/session/1': 'worker',
  };
  for (const [path, part] of Object.entries(MAP)) {
    test(`${path} is for the ${part}s`, async () => {
      const { json } = await front.ask(path);
      assert.match(json.by, new RegExp(`^${part}\\d$`));
      assert.equal(json.url, path);
    });
  }

  test('the health and the metrics of the parts are not for the world', async () => {
    for (const path of ['/metrics', '/readyz', '//metrics', '/%6detrics', '/readyz/', '/metrics?x=1', '/readyz%2f']) {
      assert.equal((await front.ask(path)).status, 404, path);
    }
    const { status, text } = await front.ask('/healthz');
    assert.deepEqual([status, text], [200, 'ok']);
    assert.equal(await front.active('workers'), 3);
  });

  test('what a stranger says about its address is not passed on', async () => {
    const headers = {
      Host: 'media.example.org',
      'X-Forwarded-For': ['127.0.0.1', '10.0.0.1'],
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'evil.example',
      'X-Real-IP': '127.0.0.1',
      Forwarded: 'for=127.0.0.1',
    };
    const { json } = await front.ask('/graphql', { from: '127.0.0.7', headers });
    assert.equal(json.headers['x-forwarded-for'], '127.0.0.7');
    assert.equal(json.headers['x-forwarded-proto'], 'http');
    assert.equal(json.headers.host, 'media.example.org');
    for (const name of ['forwarded', 'x-real-ip', 'x-forwarded-host']) assert.equal(json.headers[name], undefined);
  });

  test('the log has no query and no header', async () => {
    await front.ask('/LiveApp/streams/quiet.m3u8?token=very-secret&subscriberCode=123456', {
      headers: { Referer: 'http://x/?token=very-secret', Authorization: 'Bearer very-secret' },
    });
    await until(() => front.log.includes('GET /LiveApp/streams/quiet.m3u8 HTTP/1.1'));
    assert.doesNotMatch(front.log, /very-secret|123456|token=/);
  });

  test('a viewer always meets the same worker, and the viewers of one stream meet few', async () => {
    const files = ['.m3u8', '_adaptive.m3u8', '/video.m3u8', '/v-1.m4s', '/stream9.mpd', '.m3u8?token=x'];
    const met = new Set();
    for (let client = 1; client <= 12; client += 1) {
      const own = new Set();
      for (const file of files) own.add(await workerOf(`/LiveApp/streams/stream9${file}`, { from: `127.0.0.${client}` }));
      assert.equal(own.size, 1);
      met.add(...own);
    }
    assert.ok(met.size <= 2);
    const overStreams = new Set();
    for (let stream = 0; stream < 30; stream += 1) overStreams.add(await workerOf(`/LiveApp/streams/s${stream}.m3u8`));
    assert.equal(overStreams.size, 3);
  });

  test('a WHIP session stays where it began', async () => {
    const began = await workerOf('/LiveApp/whip/stream3', { method: 'POST' });
    assert.equal(await workerOf('/LiveApp/whip/stream3/1234', { method: 'DELETE', from: '127.0.0.9' }), began);
  });

  for (const path of ['/graphql', '/LiveApp/websocket']) {
    test(`a WebSocket at ${path} passes in both directions`, async () => {
      const socket = net.connect(front.ports.http, '127.0.0.1');
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      let heard = '';
      socket.on('data', (chunk) => (heard += chunk));
      await until(() => /101 [\s\S]*(api|worker)\d /.test(heard));
      socket.write('echo');
      await until(() => heard.endsWith('echo'));
      socket.destroy();
    });
  }

  test('HTTP/2 is spoken over TLS, and the parts hear that it was TLS', async () => {
    const session = http2.connect(`https://127.0.0.1:${front.ports.https}`, { rejectUnauthorized: false });
    const request = session.request({ ':path': '/LiveApp/streams/a.m3u8?token=very-secret', 'x-forwarded-proto': 'http' });
    let text = '';
    for await (const chunk of request) text += chunk;
    session.close();
    const { by, headers } = JSON.parse(text);
    assert.match(by, /^worker/);
    assert.equal(headers['x-forwarded-proto'], 'https');
    assert.equal(headers['x-forwarded-for'], '127.0.0.1');
    await until(() => front.log.includes('GET /LiveApp/streams/a.m3u8 HTTP/2.0'));
    assert.doesNotMatch(front.log, /very-secret/);
  });

  test('a worker hears where an encoder really is', async () => {
    const { by, client, socket } = await front.rtmp({ from: '127.0.0.8' });
    assert.match(by, /^worker\d$/);
    assert.equal(client, '127.0.0.8');
    socket.destroy();
  });

  test('RTMPS ends at the front', async () => {
    const socket = tls.connect({ port: front.ports.rtmps, host: '127.0.0.1', rejectUnauthorized: false });
    const [first] = await once(socket, 'data');
    assert.match(String(first), /^worker\d 127\.0\.0\.1$/);
    socket.destroy();
  });

  test('a head that is too large is refused', async () => {
    assert.equal((await front.ask(`/${'a'.repeat(17_000)}`)).status, 400);
  });
});

describe('a cluster in trouble', () => {
  afterEach(tearDown);

  test('a worker that dies between two requests is not noticed', async () => {
    await cluster();
    const path = '/LiveApp/streams/stream1.m3u8';
    const victim = await workerOf(path);
    victim.die();
    for (let turn = 0; turn < 20; turn += 1) assert.equal((await front.ask(path)).status, 200);
    assert.equal((await front.ask('/LiveApp/whip/x', { method: 'POST' })).status, 200);
  });

  test('reading is tried elsewhere after a 503 or a broken answer, writing is not', async () => {
    await cluster();
    const path = '/LiveApp/streams/stream1.m3u8';
    const victim = await workerOf(path);
    victim.answer = (request, response) => response.writeHead(503).end();
    assert.equal((await front.ask(path)).status, 200);
    victim.answer = (request) => request.socket.destroy();
    assert.equal((await front.ask(path)).status, 200);
    assert.equal((await front.ask(path, { method: 'HEAD' })).status, 200);

    for (const api of apis) api.answer = (request, response) => response.writeHead(503).end();
    assert.equal((await front.ask('/graphql', { method: 'POST' })).status, 503);
    assert.equal(apis.flatMap((api) => api.seen).filter((line) => line === 'POST /graphql').length, 1);
  });

  test('when every worker says 503, the viewer hears the reason', async () => {
    await cluster();
    for (const worker of workers) {
      worker.answer = (request, response) => response.writeHead(503, { 'Retry-After': '2' }).end('authority-unreachable');
    }
    const { status, headers, text } = await front.ask('/LiveApp/streams/stream1.m3u8');
    assert.deepEqual([status, headers['retry-after'], text], [503, '2', 'authority-unreachable']);
  });

  test('a draining worker gets no new work within two seconds, and what runs on it goes on', async () => {
    await cluster();
    const path = '/LiveApp/streams/stream1.m3u8';
    const draining = await workerOf(path);
    let running;
    draining.answer = (request, response) => {
      running = response;
      response.write('first ');
    };
    const download = front.ask(path);
    await until(() => running);
    draining.answer = undefined;
    const players = await Promise.all(workers.map(() => front.rtmp()));
    assert.equal(new Set(players.map((player) => player.by)).size, 3);

    draining.isReady = false;
    const began = Date.now();
    await until(async () => (await front.active('workers')) === 2 && (await front.active('rtmp')) === 2);
    assert.ok(Date.now() - began < 2_000);
    assert.notEqual(await workerOf(path), draining);
    for (let turn = 0; turn < 6; turn += 1) {
      const player = await front.rtmp();
      assert.notEqual(player.by, draining.name);
      players.push(player);
    }

    running.end('last');
    assert.equal((await download).text, 'first last');
    for (const { socket } of players) {
      socket.write('still here');
      assert.equal(String((await once(socket, 'data'))[0]), 'still here');
      socket.destroy();
    }
    draining.isReady = true;
    await until(async () => (await workerOf(path)) === draining);
  });

  test('with no part ready, those who are in go on, and newcomers hear the reason from a part', async () => {
    await cluster();
    for (const part of [...apis, ...workers]) part.isReady = false;
    const backends = ['apis', 'workers', 'rtmp'];
    await until(async () => (await Promise.all(backends.map((name) => front.active(name)))).every((count) => count === 0));
    const path = '/LiveApp/streams/stream1.m3u8';
    const worker = await workerOf(path);
    assert.equal(await workerOf(path), worker);
    worker.answer = (request, response) => response.writeHead(503).end('authority-unreachable');
    assert.equal((await front.ask(path)).text, 'authority-unreachable');
    assert.equal((await front.ask('/admin/')).status, 200);
    const { by, socket } = await front.rtmp();
    assert.match(by, /^worker/);
    socket.destroy();

    const other = workers.find((candidate) => candidate !== worker);
    other.isReady = true;
    await until(async () => (await front.active('workers')) === 1);
    assert.equal(await workerOf(path), other);
  });

  test('with no worker left the front says so and when to come again', async () => {
    await cluster();
    for (const worker of workers) worker.die();
    const path = '/LiveApp/streams/stream1.m3u8';
    await until(async () => (await front.ask(path)).text === 'no worker answers');
    const { status, headers } = await front.ask(path);
    assert.deepEqual([status, headers['retry-after']], [503, '1']);
    assert.equal((await front.ask('/admin/')).status, 200);
  });

  test('an encoder reaches a living worker when another has just died', async () => {
    await cluster();
    workers[0].die();
    for (let turn = 0; turn < 6; turn += 1) {
      const { by, socket } = await front.rtmp();
      assert.match(by, /^worker[23]$/);
      socket.destroy();
    }
  });
});

describe('settings', () => {
  afterEach(tearDown);

  test('a CDN that is trusted tells who its viewer is', async () => {
    await cluster({ settings: { FRONT_TRUSTED: '127.0.0.2 127.0.1.0/24', FRONT_REDIRECT: 'on' } });
    const headers = { 'X-Forwarded-For': '203.0.113.5', 'X-Forwarded-Proto': 'https' };
    const { json } = await front.ask('/graphql', { from: '127.0.1.9', headers });
    assert.equal(json.headers['x-forwarded-for'], '203.0.113.5, 127.0.1.9');
    assert.equal(json.headers['x-forwarded-proto'], 'https');
    const stranger = await front.ask('/graphql', { from: '127.0.0.3', headers });
    assert.equal(stranger.status, 308);
  });

  test('workers that do not trust the front are told nothing', async () => {
    await cluster({ settings: { FRONT_SEND_PROXY: 'off' } });
    const socket = net.connect(front.ports.rtmp, '127.0.0.1');
    socket.write('\x03');
    const [first] = await once(socket, 'data');
    assert.match(String(first), /^worker\d unknown/);
    socket.destroy();
  });

  test('browsers are sent to HTTPS with the query they came with', async () => {
    await cluster({ settings: { FRONT_REDIRECT: 'on' }, tls: true });
    const { status, headers } = await front.ask('/LiveApp/play.html?id=a', { headers: { Host: 'media.example.org' } });
    assert.deepEqual([status, headers.location], [308, 'https://media.example.org/LiveApp/play.html?id=a']);
    assert.equal((await front.ask('/healthz')).status, 200);
  });

  test('a load balancer in front says who connects, with the PROXY protocol', async () => {
    await cluster({ settings: { FRONT_BALANCERS: '127.0.0.2' } });
    const asked = (from) =>
      new Promise((resolve, reject) => {
        const socket = net.connect({ port: front.ports.http, host: '127.0.0.1', localAddress: from });
        let text = '';
        socket.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text)).on('error', reject);
        socket.write('PROXY TCP4 203.0.113.5 127.0.0.1 5555 80\r\nGET /graphql HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      });
    assert.match(await asked('127.0.0.2'), /"x-forwarded-for":"203\.0\.113\.5"/);
    assert.match(await asked('127.0.0.3'), /^HTTP\/1\.1 400/);
  });
});
