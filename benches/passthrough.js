// RTMP in, HLS (and for Sluice DASH too) out, nothing transcoded: CPU and memory per 2 Mbit/s stream, beside nginx-rtmp.
//
// usage: node benches/passthrough.js [--quick]

import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { NGINX_RTMP, clip, publish, row, sample, startNginx, startSluice, threads, until } from './harness.js';

const quick = process.argv.includes('--quick');
const counts = quick ? [1, 10] : [1, 10, 20];
const windowSeconds = quick ? 5 : 20;
const path = clip('hi', 1900, 128);

async function startNginxRtmp() {
  const nginx = await startNginx(
    (folder, port) => `rtmp { server { listen 127.0.0.1:${port}; chunk_size 4096;
       application live { live on; hls on; hls_path ${folder}; hls_fragment 2s; hls_playlist_length 12s; } } }`,
    { load: NGINX_RTMP },
  );
  return {
    ...nginx,
    url: (stream) => `rtmp://127.0.0.1:${nginx.port}/live/${stream}`,
    isLive: (stream) => existsSync(join(nginx.folder, `${stream}.m3u8`)),
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
for (const [name, start] of [['Sluice (HLS and DASH)', startOurs], ['nginx-rtmp (HLS)', startNginxRtmp]]) {
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
