// Runs a cluster until standard input closes, SIGINT or SIGTERM.
//
// usage: node scripts/cluster/main.mjs [--folder DIR] [--apis N] [--workers N] [--fast] [--test]
//          [--postgres URL] [--rabbitmq DIR] [--front-workers N,N]
//   --test  free ports everywhere, no words; standard input is watched
//
// Prints the addresses, and writes them to DIR/cluster.json.

import { parseArgs } from 'node:util';

import { describe, startCluster } from './cluster.mjs';

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: 'data/cluster' },
    apis: { type: 'string', default: '2' },
    workers: { type: 'string', default: '3' },
    fast: { type: 'boolean', default: false },
    test: { type: 'boolean', default: false },
    postgres: { type: 'string' },
    rabbitmq: { type: 'string' },
    'front-workers': { type: 'string' },
    'admin-email': { type: 'string' },
    'admin-password': { type: 'string' },
  },
});

const own = Object.entries(process.env).filter(([name]) => name.startsWith('SLUICE_') && !/^SLUICE_(BINARY|E2E|TEST_)/.test(name));
const begun = Date.now();
const cluster = await startCluster({
  folder: values.folder,
  apis: Number(values.apis),
  workers: Number(values.workers),
  fast: values.fast,
  postgres: values.postgres,
  rabbitmq: values.rabbitmq,
  publicPorts: !values.test,
  frontWorkers: values['front-workers']?.split(',').map(Number),
  admin: values['admin-email'] && { email: values['admin-email'], password: values['admin-password'] },
  environment: Object.fromEntries(own),
});
describe(cluster);

const stop = async () => {
  await cluster.stop();
  process.exit(0);
};
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
if (values.test) {
  // Whoever started it has gone, or wants no more of it: nothing is worth a clean stop.
  process.stdin.resume();
  process.stdin.once('end', async () => {
    await cluster.kill();
    process.exit(0);
  });
} else {
  const line = (what, text) => console.log(`  ${what.padEnd(12)}${text}`);
  console.log(`The cluster runs after ${((Date.now() - begun) / 1000).toFixed(1)} s. Ctrl-C stops it; its data stays in ${values.folder}.\n`);
  line('admin', `http://${cluster.front.http}/admin/`);
  line('log in', `${cluster.admin.email}  ${cluster.admin.password}`);
  line('publish', `rtmp://${cluster.front.rtmp}/LiveApp/STREAM`);
  line('watch', `http://${cluster.front.http}/LiveApp/play.html?id=STREAM`);
  for (const part of cluster.apis) line(part.name, `http://${part.http}  process ${part.pid}`);
  for (const part of cluster.workers) {
    line(part.name, `http://${part.http}  rtmp://${part.rtmp}  relay ${part.relay}  process ${part.pid}`);
  }
  line('postgres', `process ${cluster.postgres.pid}, data in ${cluster.postgres.folder}`);
  line('rabbitmq', `process ${cluster.rabbitmq.pid}, data in ${cluster.rabbitmq.folder}`);
  line('front', `HAProxy, figures on http://${cluster.front.operations}/metrics  process ${cluster.front.pid}`);
}
