// What protection costs an HLS viewer: answers per CPU second, open and with a ticket, beside nginx with secure_link.
//
// usage: node benches/hls.js [SECONDS]   (at most 6: the segment must stay in the window for four times that)

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { clip, load, publish, row, startNginx, startSluice, until } from './harness.js';

const seconds = Number(process.argv[2] ?? 6);
const path = clip('hi', 1900, 128);
const best = new Map();

/** Loads each address in turn, twice over, so that whatever else the machine does meets all of them; the better counts. */
async function measure(what, bytes, pids, addresses) {
  for (let round = 0; round < 2; round += 1) {
    for (const [name, url] of Object.entries(addresses)) {
      const figure = await load(url, pids, { seconds });
      const key = `${name}, ${what}`;
      if (!(best.get(key)?.perCpuSecond > figure.perCpuSecond)) best.set(key, { ...figure, name, what, bytes });
    }
  }
}

const server = await startSluice();
const streams = `${server.origin}/LiveApp/streams/`;
const publisher = publish(path, `${server.rtmp}/LiveApp/s`);
await until('the window is full', async () => {
  const text = await (await fetch(`${streams}s/video.m3u8`)).text();
  return text.match(/\.m4s/g)?.length >= 15;
}, 90_000);

/** The media playlist that a viewer is sent to, as somebody (who gets a ticket) or as nobody (who needs none). */
async function playlist(query) {
  const multivariant = await (await fetch(`${streams}s.m3u8${query}`)).text();
  return new URL(multivariant.split('\n').find((line) => line.startsWith('s/video.m3u8')), streams);
}

const [open, ticket] = [await playlist(''), await playlist('?subscriberId=viewer')];
const text = await (await fetch(open)).text();
await measure('playlist', text.length, server.pids, { 'Sluice, open': open.href, 'Sluice, ticket': ticket.href });
const newest = (await (await fetch(open)).text()).trim().split('\n').findLast((line) => line.includes('.m4s'));
const segment = new URL(newest, open);
const ticketed = new URL(segment);
ticketed.search = ticket.search;
const size = (await (await fetch(segment)).arrayBuffer()).byteLength;
await measure('segment', size, server.pids, { 'Sluice, open': segment.href, 'Sluice, ticket': ticketed.href });
publisher.stop();
await server.stop();

const secret = 'benchmark';
const nginx = await startNginx(
  (folder, port) => `http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
    server { listen 127.0.0.1:${port}; root ${folder};
      location /open/ { alias ${folder}/; }
      location /link/ { alias ${folder}/; secure_link $arg_md5,$arg_expires;
        secure_link_md5 "$secure_link_expires$uri ${secret}"; if ($secure_link != "1") { return 403; } } } }`,
);
const expires = 4_102_444_800;
const origin = `http://127.0.0.1:${nginx.port}`;
for (const [file, bytes] of [['playlist', text.length], ['segment', size]]) {
  writeFileSync(join(nginx.folder, file), Buffer.alloc(bytes, 'x'));
  const md5 = createHash('md5').update(`${expires}/link/${file} ${secret}`).digest('base64url');
  await measure(file, bytes, nginx.pids, {
    'nginx, open': `${origin}/open/${file}`,
    'nginx, secure_link': `${origin}/link/${file}?md5=${md5}&expires=${expires}`,
  });
}
await nginx.stop();

row('server', 'what', 'bytes', 'answers per CPU second', 'answers a second', 'p99');
row('---', '---', '---', '---', '---', '---');
for (const { name, what, bytes, perCpuSecond, perSecond, p99 } of best.values()) {
  row(name, what, bytes, Math.round(perCpuSecond), Math.round(perSecond), p99);
}
const share = (what, other) => (100 * best.get(`Sluice, ticket, ${what}`).perCpuSecond) / best.get(`${other}, ${what}`).perCpuSecond;
for (const what of ['playlist', 'segment']) {
  row('**Sluice, ticket**', what, '', `${share(what, 'Sluice, open').toFixed(1)} % of open`, `${share(what, 'nginx, secure_link').toFixed(0)} % of nginx with secure_link`, '');
}
