// One RTMP publisher of 600 kbit/s, many players: CPU and memory per player, beside nginx-rtmp.
//
// usage: node benches/rtmp-play.js [--quick]

import { NGINX_RTMP, clip, publish, row, sample, sleep, startNginx, startSluice, until } from './harness.js';
import { playRtmp } from './rtmp.js';

const quick = process.argv.includes('--quick');
const counts = quick ? [50, 250] : [100, 300, 500];
const windowSeconds = quick ? 5 : 20;
const path = clip('lo', 520, 64);

async function startOurs() {
  const server = await startSluice();
  await server.set('LiveApp', { rtmpPlaybackEnabled: true });
  return { ...server, url: `${server.rtmp}/LiveApp/s` };
}

async function startNginxRtmp() {
  const nginx = await startNginx(
    (_, port) => `rtmp { server { listen 127.0.0.1:${port}; chunk_size 4096; application live { live on; } } }`,
    { load: NGINX_RTMP },
  );
  return { ...nginx, url: `rtmp://127.0.0.1:${nginx.port}/live/s` };
}

row('server', 'players', 'CPU, % of a core', 'RSS, MiB', 'each receives, kbit/s');
row('---', '---', '---', '---', '---');
for (const [name, start] of [['Sluice', startOurs], ['nginx-rtmp', startNginxRtmp]]) {
  const figures = [];
  for (const count of counts) {
    const server = await start();
    const publisher = publish(path, server.url);
    await sleep(4000);
    const players = [];
    for (let index = 0; index < count; index += 1) {
      players.push(playRtmp(server.url));
      if (index % 10 === 9) await sleep(20);
    }
    await until('every player receives', () => players.every((player) => player.bytes > 100_000));
    const [from, bytes] = [performance.now(), players.map((player) => player.bytes)];
    const { cpu, memory } = await sample(server.pids, windowSeconds);
    const seconds = (performance.now() - from) / 1000;
    const rates = players.map((player, index) => ((player.bytes - bytes[index]) * 8) / 1000 / seconds);
    if (players.some((player) => player.ended)) throw new Error(`${name} lost a player`);
    row(name, count, cpu.toFixed(2), memory.toFixed(1), `${Math.min(...rates).toFixed(0)}–${Math.max(...rates).toFixed(0)}`);
    figures.push({ count, cpu, memory });
    for (const player of players) player.socket.destroy();
    publisher.stop();
    await server.stop();
  }
  const [first, last] = [figures[0], figures.at(-1)];
  const slope = (key) => (last[key] - first[key]) / (last.count - first.count);
  row(`**${name}, each further player**`, '+1', slope('cpu').toFixed(4), slope('memory').toFixed(3), `**${Math.round(100 / slope('cpu'))} players a core**`);
}
