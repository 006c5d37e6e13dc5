// What a cluster costs: the gate asked over the broker, a block over several workers, sessions that do nothing.
//
// usage: node benches/cluster.js [ROUNDS]   (20 000 questions, 60 blocks and 10 000 sessions at 1, the default)

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startCluster } from '../scripts/cluster/cluster.mjs';
import { Client, addressOf } from '../tests/drills/http.mjs';
import { Management, SECRET, hash } from '../tests/drills/ledgers.mjs';
import { Publisher, clipMessages } from '../tests/drills/rtmp.mjs';
import { percentile, residentMiB, row, until } from './harness.js';

const scale = Number(process.argv[2] ?? 1);
const APP = 'Bench';
const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-cluster-'));
const cluster = await startCluster({ folder, apis: 2, workers: 3, environment: { SLUICE_LOG: 'warn' } });
const management = new Management(`http://${cluster.apis[0].http}`);
const publisher = new Publisher(`rtmp://${cluster.workers[0].rtmp}/${APP}/s`, '127.0.0.1', clipMessages());
await management.application(APP, { hashControlPlayEnabled: true, tokenHashSecret: SECRET, hlsTime: '2' });
publisher.stop();
const live = new Publisher(`rtmp://${cluster.workers[0].rtmp}/${APP}/s`, '127.0.0.1', clipMessages());
const manifest = (name) => `/${APP}/streams/s.m3u8?token=${hash('s')}${name ? `&subscriberId=${name}` : ''}`;
const workers = cluster.workers.map(({ http }) => `http://${http}`);
for (const worker of workers) {
  const client = new Client(worker, '127.0.0.1');
  await until('every worker has the stream', async () => (await client.get(manifest())).status === 200);
  client.close();
}

/** Asks `count` times with `width` at a time; each is somebody new, so that each asks the gate, which says `expected`. */
async function ask(count, width, to, path = manifest(), expected = 200) {
  const times = [];
  let next = 0;
  const begun = performance.now();
  await Promise.all(Array.from({ length: width }, async (_, lane) => {
    // One connection a lane; the address behind it is a proxy's word, which the loopback may give.
    const client = new Client(to(lane), '127.0.0.1');
    while (next < count) {
      const number = (next += 1);
      const headers = { 'X-Forwarded-For': `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}` };
      const { status, ms } = await client.get(path, { headers });
      if (status !== expected) throw new Error(`refused: ${status}`);
      times.push(ms);
    }
    client.close();
  }));
  return { perSecond: (count * 1_000) / (performance.now() - begun), p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

row('question to the gate over RabbitMQ, from HTTP request to answer', 'in flight', 'a second', 'p50', 'p99');
row('---', '---', '---', '---', '---');
const questions = [
  ['a wrong hash: refused', manifest().replace(/token=.{8}/, 'token=00000000'), 403],
  // These stay for a while, and are reported every second.
  ['a right hash: let in, and a session begins', manifest(), 200],
];
for (const [what, path, expected] of questions) {
  for (const width of [1, 64]) {
    const count = (width === 1 ? 2_000 : 20_000) * scale;
    const { perSecond, p50, p99 } = await ask(count, width, (lane) => workers[lane % workers.length], path, expected);
    row(what, width, Math.round(perSecond), `${p50.toFixed(1)} ms`, `${p99.toFixed(1)} ms`);
  }
}

const calls = [];
const lasts = [];
let confirmed = Infinity;
for (let turn = 0; turn < 60 * scale; turn += 1) {
  const viewers = workers.map((worker, index) => new Client(worker, addressOf(3 * turn + index, 47)));
  for (const viewer of viewers) {
    const { status } = await viewer.get(manifest(`v${turn}`));
    if (status !== 200) throw new Error(`refused: ${status}`);
  }
  let watchUntil = Infinity;
  const last = viewers.map(() => 0);
  const watching = viewers.map(async (viewer, index) => {
    while (performance.now() < watchUntil) {
      const { status } = await viewer.get(manifest(`v${turn}`));
      if (status === 200) last[index] = performance.now();
    }
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const mutation = `mutation($input: BlockSubscriberInput!) { blockSubscriber(input: $input) { workersAcknowledged workersPending { name } } }`;
  const input = { application: APP, streamId: 's', subscriberId: `v${turn}`, seconds: 600 };
  const begun = performance.now();
  const { blockSubscriber: answer } = await management.graphql(mutation, { input });
  const returned = performance.now();
  confirmed = Math.min(confirmed, answer.workersAcknowledged);
  watchUntil = returned + 200;
  await Promise.all(watching);
  for (const viewer of viewers) viewer.close();
  calls.push(returned - begun);
  lasts.push(Math.max(0, ...last.map((at) => at - returned)));
}
row('');
row('block over three workers', 'confirmed by', 'call p50 / p99', 'last byte after the call p50 / p99');
row('---', '---', '---', '---');
row('HLS, a viewer on each', confirmed, `${percentile(calls, 0.5).toFixed(1)} / ${percentile(calls, 0.99).toFixed(1)} ms`,
  `${percentile(lasts, 0.5).toFixed(1)} / ${percentile(lasts, 0.99).toFixed(1)} ms`);

const memory = () => ({
  worker: residentMiB(cluster.workers.map(({ pid }) => pid)) ,
  api: residentMiB(cluster.apis.map(({ pid }) => pid)),
});
const before = memory();
const sessions = 10_000 * scale;
await ask(sessions, 32, (lane) => workers[lane % workers.length]);
const after = memory();
row('');
row('1 000 sessions that do nothing', 'on the workers', 'on the APIs (two)');
row('---', '---', '---');
row('HLS', `${(((after.worker - before.worker) * 1_000) / sessions).toFixed(2)} MiB`, `${(((after.api - before.api) * 1_000) / sessions).toFixed(2)} MiB`);

live.stop();
management.client.close();
await cluster.stop();
rmSync(folder, { recursive: true, force: true });
process.exit(0);
