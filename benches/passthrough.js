// RTMP in, HLS (and for Sluice DASH too) out, nothing transcoded: CPU and memory per 2 Mbit/s stream, beside nginx-rtmp.
//
// usage: node benches/passthrough.js [--quick]

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync, existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { clip, publish, row, sample, startSluice, threads, until } from './harness.js';

const quick = process.argv.includes('--quick');
const counts = quick ? [1, 10] : [1, 10, 20];
const windowSeconds = quick ? 5 : 20;
const path = clip('hi', 1900, 128);

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startNginx() {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-bench-'));
  mkdirSync(join(folder, 'hls'));
  const port = await freePort();
  writeFileSync(
    join(folder, 'nginx.conf'),
    `load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
     daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log warn; user root;
     events { worker_connections 4096; }
     rtmp { server { listen 127.0.0.1:${port}; chunk_size 4096;
       application live { live on; hls on; hls_path ${folder}/hls; hls_fragment 2s; hls_playlist_length 12s; } } }\n`,
  );
  const child = spawn('taskset', ['-c', '0', '/usr/sbin/nginx', '-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'inherit' });
  const pids = await until('nginx works', () => {
    if (!existsSync(join(folder, 'pid'))) return undefined;
    const master = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    const workers = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
    return workers.length ? [master, ...workers] : undefined;
  });
  return {
    pids,
    url: (stream) => `rtmp://127.0.0.1:${port}/live/${stream}`,
    isLive: (stream) => existsSync(join(folder, 'hls', `${stream}.m3u8`)),
    stop: async () => child.kill('SIGTERM'),
  };
}

async function startOurs() {
  const server = await startSluice();
  return {
    pids: server.pids,
    url: (stream) => `${server.rtmp}/LiveApp/${stream}`,
    isLive: async (stream) => (await fetch(`${server.origin}/LiveApp/streams/${stream}.m3u8`)).status === 200,
    stop: server.stop,
  };
}

row('server', 'publishers', 'CPU, % of a core', 'RSS, MiB', 'threads');
row('---', '---', '---', '---', '---');
for (const [name, start] of [['Sluice (HLS and DASH)', startOurs], ['nginx-rtmp (HLS)', startNginx]]) {
  const figures = [];
  for (const count of counts) {
    const server = await start();
    const publishers = [];
    for (let index = 0; index < count; index += 1) {
      publishers.push(publish(path, server.url(`s${index}`)));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    for (let index = 0; index < count; index += 1) await until(`s${index} is live`, () => server.isLive(`s${index}`));
    const { cpu, memory } = await sample(server.pids, windowSeconds);
    if (!publishers.every((publisher) => publisher.isRunning())) throw new Error(`${name} lost a publisher`);
    row(name, count, cpu.toFixed(2), memory.toFixed(1), threads(server.pids));
    figures.push({ count, cpu, memory });
    for (const publisher of publishers) publisher.stop();
    await server.stop();
  }
  const [first, last] = [figures[0], figures.at(-1)];
  const slope = (key) => (last[key] - first[key]) / (last.count - first.count);
  row(`${name}, each further stream`, '+1', slope('cpu').toFixed(2), slope('memory').toFixed(1), '');
}
