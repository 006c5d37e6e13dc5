// Players on a customer's page, hls.js and dash.js among them, and ffmpeg: each judged by what it shows.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

import { faults, watch } from './moving.js';
import { site } from './server.js';

const require = createRequire(import.meta.url);
const execute = promisify(execFile);

const page = (script = '') => ({
  type: 'text/html',
  body: `<!doctype html><meta charset="utf-8"><title>customer</title>
    <video id="remote" playsinline width="320"></video>${script && `<script src="/${script}"></script>`}`,
});

/** An origin of its own with a page for each library, and one without any. */
export const playerSite = () =>
  site({
    '/': page(),
    '/hls': page('hls.js'),
    '/dash': page('dash.js'),
    '/hls.js': { type: 'text/javascript', body: readFileSync(require.resolve('hls.js/dist/hls.min.js')) },
    '/dash.js': {
      type: 'text/javascript',
      body: readFileSync(require.resolve('dashjs').replace(/dist\/.*$/, 'dist/modern/umd/dash.all.min.js')),
    },
  });

const begin = {
  hls: (url) => {
    const hls = new window.Hls();
    hls.loadSource(url);
    hls.attachMedia(document.getElementById('remote'));
  },
  dash: async (url) => {
    const player = window.dashjs.MediaPlayer().create();
    // What begins to play before the library listens never has its manifest read again.
    const listens = new Promise((resolve) => player.on('streamInitialized', resolve));
    player.initialize(document.getElementById('remote'), url, true);
    await listens;
  },
};

/** A tab in which `library`, hls or dash, plays `url`. */
export async function openPlayer(browser, customer, library, url) {
  const tab = await browser.newPage();
  await tab.goto(`${customer.origin}/${library}`);
  await tab.evaluate(begin[library], url);
  return tab;
}

/** What is wrong with what a tab shows for so long; it is closed then. */
export async function seenBy(tab, seconds) {
  const found = faults(await watch(tab, { selector: '#remote', seconds }), seconds);
  await tab.close();
  return found;
}

/** The same judgement by ffmpeg: pictures that differ, and sound above silence. */
export async function decode(url, seconds) {
  const picture = ['-map', '0:v', '-t', seconds, '-vf', 'fps=5,scale=64:36', '-f', 'framemd5', 'pipe:1'];
  const { stdout, stderr } = await ffmpeg(url, [...picture, ...volume(seconds)]);
  const pictures = new Set(stdout.split('\n').filter((line) => /^\d/.test(line)).map((line) => line.split(',').at(-1)));
  const found = silence(stderr);
  if (pictures.size < seconds * 3) found.push(`${pictures.size} different pictures`);
  return found;
}

/** Of sound alone. */
export async function listen(url, seconds) {
  return silence((await ffmpeg(url, volume(seconds))).stderr);
}

const ffmpeg = (url, outputs) =>
  execute('ffmpeg', ['-hide_banner', '-nostdin', '-rw_timeout', '15000000', '-i', url, ...outputs].map(String));

const volume = (seconds) => ['-map', '0:a', '-t', seconds, '-af', 'volumedetect', '-f', 'null', '-'];

function silence(log) {
  const loudest = Number(/max_volume: (-?[\d.]+) dB/.exec(log)?.[1] ?? -100);
  return loudest < -50 ? [`silence (${loudest} dB)`] : [];
}

/** The codecs that ffprobe finds, pictures before sound; what it says instead when it cannot play. */
export async function probe(url) {
  const entries = ['-show_entries', 'stream=codec_type,codec_name', '-of', 'json'];
  const settings = ['-v', 'error', '-rw_timeout', '15000000'];
  try {
    const { streams } = JSON.parse((await execute('ffprobe', [...settings, ...entries, url])).stdout);
    const names = (type) => streams.filter(({ codec_type }) => codec_type === type).map(({ codec_name }) => codec_name);
    // A playlist may be reached by several ways, each with its streams.
    return { codecs: [...new Set([...names('video'), ...names('audio')])] };
  } catch (error) {
    return { refused: error.stderr };
  }
}
