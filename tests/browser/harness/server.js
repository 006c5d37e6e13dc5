// The binary under test, a publisher, and a browser: what every journey starts from.

import { spawn, execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, createWriteStream } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

const BINARY = process.env.SLUICE_BINARY ?? '../../target/debug/sluice';
export const ADMIN = { email: 'admin@example.org', password: 'correct horse battery staple' };
/** For anything that must happen: long, because a machine may be busy with something else. */
export const PATIENCE_MS = 60_000;

/** Polls `check` until it yields something truthy: an event seen from outside. */
export async function eventually(what, check) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`did not happen within ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A server on free ports of the loopback, with its own data folder. */
export async function startServer({ admin = true, applications, environment: extra = {} } = {}) {
  const data = mkdtempSync(join(tmpdir(), 'sluice-browser-'));
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_')));
  const child = spawn(BINARY, ['serve'], {
    env: {
      ...environment,
      SLUICE_DATA_DIR: data,
      SLUICE_HTTP_ADDR: '127.0.0.1:0',
      SLUICE_RTMP_ADDR: '127.0.0.1:0',
      SLUICE_WEBRTC_ADDR: '127.0.0.1:0',
      ...(applications ? { SLUICE_APPLICATIONS: applications.join(',') } : {}),
      ...(admin ? { SLUICE_ADMIN_EMAIL: ADMIN.email, SLUICE_ADMIN_PASSWORD: ADMIN.password } : {}),
      ...extra,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr.pipe(createWriteStream(join(data, 'log')));
  const listening = join(data, 'listening.json');
  await eventually('the server listens', () => {
    if (child.exitCode !== null) throw new Error(`the server ended: ${readFileSync(join(data, 'log'), 'utf8')}`);
    return existsSync(listening);
  });
  const { http, rtmp, webrtc } = JSON.parse(readFileSync(listening, 'utf8'));
  const server = {
    origin: `http://${http}`,
    rtmp: `rtmp://${rtmp}`,
    mediaPort: Number(webrtc.split(':').at(-1)),
    log: () => readFileSync(join(data, 'log'), 'utf8'),
    async rest(method, path, body) {
      const response = await fetch(`http://${http}${path}`, {
        method,
        headers: body ? { 'Content-Type': 'application/json' } : {},
        body: body ? JSON.stringify(body) : undefined,
      });
      const text = await response.text();
      return { status: response.status, body: text && text.startsWith('{') ? JSON.parse(text) : text };
    },
    /** Reads the settings, changes some, writes the object back, as clients do. */
    async set(application, changes) {
      const path = `/rest/v2/applications/settings/${application}`;
      const { body } = await server.rest('GET', path);
      const answer = await server.rest('POST', path, { ...body, ...changes });
      if (answer.body.success !== true) throw new Error(JSON.stringify(answer));
    },
    live: (application, stream) =>
      eventually(`${application}/${stream} is live`, async () => {
        const response = await fetch(`http://${http}/${application}/streams/${stream}.m3u8`);
        await response.arrayBuffer();
        return response.status === 200;
      }),
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(data, { recursive: true, force: true });
    },
  };
  return server;
}

/** By the bitrate of their pictures. */
const clips = new Map();
/** A publisher that loops ten seconds of test picture and tone in real time. */
export function publish(url, { bitrate = '500k' } = {}) {
  let clip = clips.get(bitrate);
  if (!clip) {
    clip = join(mkdtempSync(join(tmpdir(), 'sluice-clip-')), 'clip.flv');
    execFileSync('ffmpeg', [
      ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25'],
      ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100', '-t', '10', '-c:v', 'libx264'],
      ...['-preset', 'ultrafast', '-profile:v', 'main', '-pix_fmt', 'yuv420p', '-g', '25', '-keyint_min', '25'],
      ...['-sc_threshold', '0', '-bf', '0', '-b:v', bitrate, '-c:a', 'aac', '-b:a', '64k', '-ac', '2', '-f', 'flv', clip],
    ]);
    clips.set(bitrate, clip);
  }
  const child = spawn(
    'ffmpeg',
    ['-hide_banner', '-loglevel', 'error', '-nostdin', '-re', '-stream_loop', '-1', '-i', clip, '-c', 'copy', '-f', 'flv', url],
    { stdio: 'ignore' },
  );
  return { stop: () => child.kill('SIGKILL'), ended: () => (child.exitCode === null ? once(child, 'exit') : undefined) };
}

/** Where scripts/test-browser put a tool of others. */
export function published(variable) {
  const place = process.env[variable];
  if (!place) throw new Error(`${variable} is not set: run scripts/test-browser`);
  return place;
}

/** The same over WHIP, by an ffmpeg that speaks it. */
export function publishWhip(url, { token } = {}) {
  const program = published('SLUICE_TEST_FFMPEG');
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'];
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-pix_fmt', 'yuv420p'];
  const groups = ['-g', '25', '-keyint_min', '25', '-sc_threshold', '0', '-bf', '0', '-b:v', '500k'];
  const audio = ['-c:a', 'libopus', '-ac', '2', '-b:a', '64k'];
  const authorization = token ? ['-authorization', token] : [];
  const child = spawn(
    program,
    ['-hide_banner', '-loglevel', 'error', '-nostdin', '-re', ...source, ...video, ...groups, ...audio, ...authorization, '-f', 'whip', url],
    { stdio: 'ignore' },
  );
  return { stop: () => child.kill('SIGKILL'), ended: () => (child.exitCode === null ? once(child, 'exit') : child.exitCode) };
}

/** Waits until the page has played some seconds without pausing. */
export const playing = (tab, seconds) =>
  eventually(`the page plays ${seconds} s`, () =>
    tab.evaluate((seconds) => {
      const video = document.querySelector('video');
      return video && !video.paused && video.currentTime > 0 && video.played.length > 0 &&
        video.played.end(video.played.length - 1) - video.played.start(0) >= seconds;
    }, seconds),
  );

/** What an accessibility checker finds wrong with a page as it stands (WCAG 2.2 A and AA). */
export async function barriers(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    window.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }),
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
}

/** Headless Chromium with a camera and a microphone of its own making, which reaches nothing but the loopback. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
      ...['--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required', '--mute-audio'],
      ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
    ],
  });
}

/** Notes every request of a page that leaves `origins`. */
export function watchRequests(page, origins) {
  const outside = [];
  page.on('request', (request) => {
    const url = request.url();
    if (/^(data|blob|about):/.test(url)) return;
    if (!origins.some((origin) => url.startsWith(origin) || url.startsWith(origin.replace('http', 'ws')))) outside.push(url);
  });
  return outside;
}

/** Serves fixed documents on an origin of its own: a customer's web site. */
export async function site(files) {
  const server = createServer((request, response) => {
    const file = files[request.url.split('?')[0]];
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': file.type }).end(file.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { origin: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}

/** The modules of a folder, for a [`site`] to serve under `path`. */
export const modules = (path, folder) =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith('.js'))
      .map((name) => [`${path}/${name}`, { type: 'text/javascript', body: readFileSync(join(folder, name)) }]),
  );

/** The code of this moment (RFC 6238, SHA-1, six digits). */
export function code(base32, periodSeconds = 60) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...base32.toUpperCase()].map((c) => alphabet.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000 / periodSeconds)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = mac[19] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
