// One publisher, many WebRTC viewers over WHEP: CPU and memory per viewer, how many a core holds without loss, the time to
// the first picture, and the way of a stamped picture from its sending to its arrival.
//
// The viewers are one process (worker/benches/webrtc), which shakes hands and reports as browsers do, and counts packets.
//
// usage: node benches/webrtc.js [--quick]
//        node benches/webrtc.js --profile [VIEWERS]     where the server's time goes (needs perf)

import { execFileSync } from 'node:child_process';

import { clip, cpuSeconds, publish, residentMiB, row, sample, sleep, startSluice, until } from './harness.js';
import { load, playWhep } from './whep.js';

const quick = process.argv.includes('--quick');
const windowSeconds = quick ? 5 : 20;

/** Clips of about the rate, sound included. */
const RATES = [
  { kbps: 600, path: clip('lo', 520, 64), counts: quick ? [50, 250] : [100, 300, 500] },
  { kbps: 1000, path: clip('mid', 920, 64), counts: quick ? [50, 250] : [100, 250, 400] },
];

async function live(path) {
  const server = await startSluice();
  const publisher = publish(path, `${server.rtmp}/LiveApp/s`);
  await until('s is live', async () => (await fetch(`${server.origin}/LiveApp/rest/v2/broadcasts/s`)).ok);
  await sleep(4000);
  return { server, publisher, whep: `${server.origin}/LiveApp/whep/s` };
}

/** Figures of the server and of the viewers over three windows. */
async function measure(server, viewers) {
  const before = viewers.seen;
  const { cpu, memory } = await sample(server.pids, windowSeconds);
  const after = viewers.seen;
  const seconds = after.seconds - before.seconds;
  return {
    cpu,
    memory,
    lost: after.lost - before.lost,
    sent: after.packets - before.packets,
    kbps: ((after.bytes - before.bytes) * 8) / 1000 / seconds / after.viewers,
    client: (100 * (after.cpuSeconds - before.cpuSeconds)) / seconds,
    first: after.firstFrameMs,
    failed: after.failed + after.notFromKeyFrame,
  };
}

async function fanOut({ kbps, path, counts }) {
  const { server, publisher, whep } = await live(path);
  const viewers = playWhep(whep);
  try {
    await fanOutTo(viewers, server, kbps, counts);
  } finally {
    viewers.stop();
    publisher.stop();
    await server.stop();
  }
}

async function fanOutTo(viewers, server, kbps, counts) {
  const figures = [];
  for (const count of counts) {
    await viewers.hold(count);
    const now = await measure(server, viewers);
    if (now.failed) throw new Error(`${now.failed} viewers were lost, or began without a key frame`);
    const first = `${now.first.p50.toFixed(0)} / ${now.first.p99.toFixed(0)}`;
    row(`${kbps} kbit/s`, count, now.cpu.toFixed(1), now.memory.toFixed(1), now.kbps.toFixed(0), now.lost, now.client.toFixed(1), first);
    figures.push({ count, ...now });
  }
  const [least, most] = [figures[0], figures.at(-1)];
  const slope = (key) => (most[key] - least[key]) / (most.count - least.count);
  row(`**${kbps} kbit/s, each further viewer**`, '+1', slope('cpu').toFixed(4), slope('memory').toFixed(3), '', '', '', `**${Math.round(100 / slope('cpu'))} viewers a core**`);
  // As many as the two cores carry, the server on one of them: until something is lost on the way.
  let held = most.count;
  for (let count = held + STEP; ; count += STEP) {
    const came = await viewers.hold(count).then(() => true, () => false);
    if (!came) break;
    const [before, cpu, at] = [viewers.seen, cpuSeconds(server.pids), performance.now()];
    await sleep(10_000);
    const share = (100_000 * (cpuSeconds(server.pids) - cpu)) / (performance.now() - at);
    const after = viewers.seen;
    const lost = after.lost - before.lost;
    const client = (100 * (after.cpuSeconds - before.cpuSeconds)) / (after.seconds - before.seconds);
    const figures = [share.toFixed(1), residentMiB(server.pids).toFixed(1), '', lost, client.toFixed(1), ''];
    row(`${kbps} kbit/s, without loss?`, count, ...figures);
    if (lost > 0 || viewers.seen.failed > 0 || count >= MOST) break;
    held = count;
  }
  row(`**${kbps} kbit/s, held without loss**`, `**${held}**`, '', '', '', '', '', '');
}

/** A stamped picture from a publisher over `protocol` to a viewer over WHEP. */
async function delay(protocol) {
  const server = await startSluice();
  const stream = `${server.origin}/LiveApp`;
  const to = protocol === 'WHIP' ? `${stream}/whip/s` : `${server.rtmp}/LiveApp/s`;
  const child = load('delay', to, `${stream}/whep/s`, RATES[1].path, quick ? '10' : '30');
  let out = '';
  child.stdout.on('data', (text) => (out += text));
  await new Promise((resolve) => child.on('exit', resolve));
  const { pictures, p50, p99, max } = JSON.parse(out);
  row(`${protocol} to WHEP`, pictures, p50.toFixed(1), p99.toFixed(1), max.toFixed(1));
  await server.stop();
}

async function profile(count) {
  const { server, publisher, whep } = await live(RATES[0].path);
  const viewers = playWhep(whep);
  try {
    await viewers.hold(count);
    record(server);
  } finally {
    viewers.stop();
    publisher.stop();
    await server.stop();
  }
}

function record(server) {
  const data = `${server.data}/perf.data`;
  execFileSync('perf', ['record', '-q', '-F', '499', '-g', '-o', data, '-p', `${server.pids[0]}`, '--', 'sleep', '10'], { stdio: 'inherit' });
  for (const options of [['--sort', 'comm'], ['--sort', 'dso', '--percent-limit', '0.7'], ['--sort', 'symbol', '--percent-limit', '0.7']]) {
    const report = execFileSync('perf', ['report', '--stdio', '-q', '--no-children', '-g', 'none', ...options, '-i', data], { stdio: ['ignore', 'pipe', 'ignore'] });
    process.stdout.write(`${report}\n`);
  }
}

const STEP = quick ? 250 : 100;
const MOST = 3000;

const place = process.argv.indexOf('--profile');
if (place > 0) {
  await profile(Number(process.argv[place + 1] ?? 500));
} else {
  row('stream', 'viewers', 'server CPU, % of a core', 'RSS, MiB', 'each receives, kbit/s', 'packets lost', 'client CPU, %', 'first picture, ms (p50 / p99)');
  row(...Array(8).fill('---'));
  for (const rate of RATES) await fanOut(rate);
  row('from, to', 'pictures', 'p50, ms', 'p99, ms', 'most, ms');
  row(...Array(5).fill('---'));
  for (const protocol of ['RTMP', 'WHIP']) await delay(protocol);
}
