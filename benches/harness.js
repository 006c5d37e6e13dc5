// What the benchmarks share: a pinned server, publishers, and figures read from /proc.
//
// The server runs on CPU 0 and everything else on CPU 1, so that its figures are its own. On the loopback the kernel
// charges the receiving side's work to the sender; compare loopback with loopback only.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort, sleep, until } from '../scripts/cluster/parts.mjs';

export { sleep, until };

export const BINARY = process.env.SLUICE_BINARY ?? 'target/release/sluice';
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']));

export async function startSluice(environment = {}) {
  const data = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const child = spawn('taskset', ['-c', '0', BINARY, 'serve'], {
    env: {
      ...process.env,
      SLUICE_DATA_DIR: data,
      SLUICE_HTTP_ADDR: '127.0.0.1:0',
      SLUICE_RTMP_ADDR: '127.0.0.1:0',
      SLUICE_WEBRTC_ADDR: '127.0.0.1:0',
      SLUICE_LOG: 'warn',
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const listening = join(data, 'listening.json');
  await until('the server listens', () => existsSync(listening));
  const { http, rtmp } = JSON.parse(readFileSync(listening, 'utf8'));
  return {
    pids: [child.pid],
    origin: `http://${http}`,
    rtmp: `rtmp://${rtmp}`,
    data,
    /** Changes settings of an application: read, modify, write back. */
    set: async (application, changes) => {
      const address = `http://${http}/rest/v2/applications/settings/${application}`;
      const settings = await (await fetch(address)).json();
      const answer = await fetch(address, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ ...settings, ...changes }),
      });
      const { success, message } = await answer.json();
      if (!success) throw new Error(message);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await until('the server stops', () => child.exitCode !== null || child.signalCode !== null);
    },
  };
}

/** nginx with one worker process on CPU 0. `write(folder, port)` gives the `http` or `rtmp` block. */
export async function startNginx(write, { load = '' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'nginx-bench-'));
  const port = await freePort();
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${load} daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log warn; user root;
     events { worker_connections 4096; }
     ${write(folder, port)}\n`,
  );
  const child = spawn('taskset', ['-c', '0', '/usr/sbin/nginx', '-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'inherit' });
  const pids = await until('nginx works', () => {
    if (!existsSync(join(folder, 'pid'))) return undefined;
    const master = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    if (!master) return undefined;
    const workers = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
    return workers.length ? [master, ...workers] : undefined;
  });
  return { folder, port, pids, stop: async () => child.kill('SIGTERM') };
}

export const NGINX_RTMP = 'load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;';

/** Loads `url` with wrk from CPU 1 and divides the answers by the CPU seconds that `pids` used. */
export async function load(url, pids, { seconds = 10, connections = 32, script } = {}) {
  const before = cpuSeconds(pids);
  const lua = script === undefined ? [] : ['-s', writeScript(script)];
  const child = spawn('taskset', ['-c', '1', 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...lua, url], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (text) => (out += text));
  await new Promise((resolve) => child.on('exit', resolve));
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(out)?.[1];
  if (bad || /Socket errors/.test(out)) throw new Error(`wrk: ${out}`);
  const requests = Number(/(\d+) requests in/.exec(out)[1]);
  const used = cpuSeconds(pids) - before;
  return { perCpuSecond: requests / used, perSecond: requests / seconds, p99: /99%\s+(\S+)/.exec(out)?.[1] };
}

function writeScript(text) {
  const path = join(mkdtempSync(join(tmpdir(), 'wrk-')), 'request.lua');
  writeFileSync(path, text);
  return path;
}

/** A 60 s clip: 720p30, key frame every 2 s, CBR, AAC 44.1 kHz stereo. */
export function clip(name, videoKbps, audioKbps) {
  const path = join(tmpdir(), `sluice-bench-${name}.flv`);
  if (!existsSync(path)) {
    execFileSync('ffmpeg', [
      ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30'],
      ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100', '-t', '60', '-c:v', 'libx264', '-preset', 'veryfast'],
      ...['-profile:v', 'main', '-pix_fmt', 'yuv420p', '-g', '60', '-keyint_min', '60', '-sc_threshold', '0', '-bf', '0'],
      ...['-b:v', `${videoKbps}k`, '-minrate', `${videoKbps}k`, '-maxrate', `${videoKbps}k`, '-bufsize', `${videoKbps}k`],
      ...['-x264-params', 'nal-hrd=cbr:force-cfr=1', '-c:a', 'aac', '-b:a', `${audioKbps}k`, '-ar', '44100', '-ac', '2'],
      ...['-f', 'flv', path],
    ]);
  }
  return path;
}

/** Loops a clip in real time to `url`. */
export function publish(path, url) {
  const child = spawn(
    'taskset',
    ['-c', '1', 'ffmpeg', ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-re', '-stream_loop', '-1', '-i', path], ...['-c', 'copy', '-f', 'flv', url]],
    { stdio: 'ignore' },
  );
  return {
    isRunning: () => child.exitCode === null && child.signalCode === null,
    ended: new Promise((resolve) => child.on('exit', () => resolve(performance.now()))),
    stop: () => child.kill('SIGKILL'),
  };
}

/** Seconds of CPU that the processes and their threads have used. */
export function cpuSeconds(pids) {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }, 0);
}

export function residentMiB(pids) {
  return pids.reduce((sum, pid) => {
    const line = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^VmRSS:\s+(\d+)/m);
    return sum + Number(line[1]) / 1024;
  }, 0);
}

export const threads = (pids) => pids.reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/task`).length, 0);

/** CPU in % of one core over three windows (median), and the largest RSS. */
export async function sample(pids, windowSeconds = 20) {
  const shares = [];
  let memory = 0;
  for (let window = 0; window < 3; window += 1) {
    const [cpu, at] = [cpuSeconds(pids), performance.now()];
    await sleep(windowSeconds * 1000);
    shares.push((100_000 * (cpuSeconds(pids) - cpu)) / (performance.now() - at));
    memory = Math.max(memory, residentMiB(pids));
  }
  return { cpu: shares.sort((a, b) => a - b)[1], memory };
}

export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

export function row(...cells) {
  process.stdout.write(`| ${cells.join(' | ')} |\n`);
}
