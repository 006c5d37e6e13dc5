// One-time tokens redeemed a second: each request brings its own token, and each must get in.
//
// usage: node benches/redemption.js [TOKENS]

import { Agent, request } from 'node:http';

import { clip, cpuSeconds, percentile, publish, row, startSluice, until } from './harness.js';

const count = Number(process.argv[2] ?? 2000);
const parallel = 64;
const server = await startSluice();
const publisher = publish(clip('lo', 520, 64), `${server.rtmp}/LiveApp/s`);
const playlist = `${server.origin}/LiveApp/streams/s.m3u8`;
await until('s is live', async () => (await fetch(playlist)).status === 200);
const agent = new Agent({ keepAlive: true, maxSockets: parallel });

function status(url) {
  return new Promise((resolve, reject) => {
    request(url, { agent }, (response) => {
      let body = '';
      response.on('data', (text) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    }).on('error', reject).end();
  });
}

async function all(items, work) {
  const rest = [...items];
  await Promise.all(Array.from({ length: parallel }, async () => {
    for (let item = rest.pop(); item !== undefined; item = rest.pop()) await work(item);
  }));
}

const tokens = [];
const from = performance.now();
await all(Array(count).fill(0), async () => {
  const url = `${server.origin}/LiveApp/rest/v2/broadcasts/s/token?expireDate=4102444800&type=play`;
  tokens.push(JSON.parse((await status(url)).body).tokenId);
});
const issued = (performance.now() - from) / 1000;
await server.set('LiveApp', { playTokenControlEnabled: true });

const times = [];
const [begun, used] = [performance.now(), cpuSeconds(server.pids)];
await all(tokens, async (token) => {
  const at = performance.now();
  const answer = await status(`${playlist}?token=${token}`);
  times.push(performance.now() - at);
  if (answer.status !== 200) throw new Error(`a fresh token was refused: ${answer.status}`);
});
const took = (performance.now() - begun) / 1000;
const cpu = cpuSeconds(server.pids) - used;
row('what', 'a second', 'ms (p50 / p99)', 'CPU, ms each');
row('---', '---', '---', '---');
row('tokens issued', Math.round(count / issued), '', '');
row('tokens redeemed, 64 at a time', Math.round(count / took), `${percentile(times, 0.5).toFixed(1)} / ${percentile(times, 0.99).toFixed(1)}`, ((1000 * cpu) / count).toFixed(2));
agent.destroy();
publisher.stop();
await server.stop();
