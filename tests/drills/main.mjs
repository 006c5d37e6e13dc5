// The failure drills: a whole cluster under load, and one thing after another that goes wrong. Writes what everybody
// noticed to docs/reference/failures.md.
//
// usage: node tests/drills/main.mjs [--only TEXT] [--publishers 20] [--hls 300] [--rtmp 50] [--webrtc 50] [--check]
//   --only   scenarios whose names hold TEXT; only the rows of drills that ran to their end are written anew
//   --check  fails if something was broken that must hold: a block, a token, an event, a ghost

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { startCluster } from '../../scripts/cluster/cluster.mjs';
import { sleep, until } from '../../scripts/cluster/parts.mjs';
import { Wire } from './cut.mjs';
import { HlsViewer, addressOf } from './http.mjs';
import { AdmissionLedger, BlockLedger, Management, SECRET, TokenLedger, hash, settleEvents } from './ledgers.mjs';
import { page, updated } from './report.mjs';
import { Player, Publisher, clipMessages } from './rtmp.mjs';
import { scenarios } from './scenarios.mjs';
import { WebRtcPlayers } from './webrtc.mjs';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    publishers: { type: 'string', default: '20' },
    hls: { type: 'string', default: '300' },
    rtmp: { type: 'string', default: '50' },
    webrtc: { type: 'string', default: '50' },
    check: { type: 'boolean', default: false },
  },
});
const counts = Object.fromEntries(['publishers', 'hls', 'rtmp', 'webrtc'].map((name) => [name, Number(values[name])]));
const APP = 'Drill';
const TOKENS = 'DrillTokens';
/** The streams that WebRTC players watch. */
const SHARED = 4;

/** Runs one scenario in a cluster of its own and returns what was noticed. */
async function drill(scenario, messages) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-drill-'));
  const wires = [];
  const cluster = await startCluster({
    folder,
    // One worker's wire to the broker is ours to cut.
    wireWorker: async (port) => {
      const wire = new Wire(port);
      wires.push(wire);
      return wire.open();
    },
    environment: { SLUICE_DRAIN_SECONDS: scenario.isRolling ? '5' : '0', SLUICE_LOG: 'info' },
  });
  cluster.wire = wires[0];
  const origin = `http://${cluster.front.http}`;
  const rtmp = `rtmp://${cluster.front.rtmp}`;
  const management = new Management(origin);
  const people = [];
  try {
    await management.login(cluster.admin);
    await management.application(APP, {
      hashControlPlayEnabled: true, tokenHashSecret: SECRET, rtmpPlaybackEnabled: true, hlsTime: '2',
    });
    await management.application(TOKENS, { playTokenControlEnabled: true });

    const stream = (number) => `s${number % counts.publishers}`;
    const publishers = Array.from({ length: counts.publishers }, (_, number) =>
      new Publisher(`${rtmp}/${APP}/${stream(number)}?subscriberId=pub${number}`, addressOf(number, 41), messages));
    const ofTokens = new Publisher(`${rtmp}/${TOKENS}/t`, addressOf(999, 41), messages);
    people.push(...publishers, ofTokens);
    await until('every publisher is live', () => publishers.every(({ isLive }) => isLive) && ofTokens.isLive);
    const live = async () => {
      const { json } = await management.rest('GET', `/${APP}/rest/v2/broadcasts/list/0/50`);
      return (json ?? []).filter(({ status }) => status === 'broadcasting').length;
    };
    await until('every stream is known as live', async () => (await live()) === counts.publishers, 30_000);
    await sleep(5_000);

    const viewers = Array.from({ length: counts.hls }, (_, number) => new HlsViewer(
      origin, addressOf(number, 42), APP, stream(number), `token=${hash(stream(number))}&subscriberId=hls${number}`));
    const players = Array.from({ length: counts.rtmp }, (_, number) => Object.assign(
      new Player(`${rtmp}/${APP}/${stream(number)}?token=${hash(stream(number))}&subscriberId=rtmp${number}`, addressOf(number, 43)),
      { stream: stream(number), subscriber: `rtmp${number}` }));
    // Their sound is transcoded, once a stream: they share a few, as an audience does.
    const pages = Array.from({ length: counts.webrtc }, (_, number) => ({ stream: `s${number % SHARED}`, subscriber: `page${number}` }));
    const webrtc = new WebRtcPlayers(
      pages.map(({ stream, subscriber }) => `${origin}/${APP}/whep/${stream}?token=${hash(stream)}&subscriberId=${subscriber}`));
    people.push(...viewers, ...players, webrtc);
    const allPlay = () => webrtc.plays.length === pages.length && webrtc.plays.every((plays) => plays > 0);
    await until('every viewer watches', () => viewers.every(({ last }) => last) && players.every(({ plays }) => plays > 0) && allPlay(), 60_000);

    const tokens = new TokenLedger(origin, management, TOKENS, 't');
    await tokens.prepare(300);
    const blocks = new BlockLedger(origin, management, APP, 's0', 30);
    await blocks.start();
    tokens.start();
    const admissions = new AdmissionLedger(origin, APP, 's1');
    await sleep(5_000);
    for (const viewer of viewers) viewer.reset();
    for (const player of players) player.longestGap = 0;
    webrtc.reset();

    const begun = Date.now();
    await scenario.run(cluster);
    const lasted = (Date.now() - begun) / 1_000;
    await sleep(15_000);

    await Promise.all([tokens.stop(), blocks.stop(), admissions.stop()]);
    await until('every publisher is live again', () => publishers.every(({ isLive }) => isLive), 40_000).catch(() => {});
    const result = {
      name: scenario.name,
      lasted,
      publishers: { gap: Math.max(...publishers.map(({ longestGap }) => longestGap)), moved: publishers.filter(({ starts }) => starts > 1).length, refused: publishers.reduce((sum, { refusals }) => sum + refusals.length, 0) },
      hls: summary(viewers),
      rtmp: { gap: Math.max(...players.map(({ longestGap }) => longestGap)), reconnected: players.filter(({ plays }) => plays > 1).length },
      webrtc: { gap: webrtc.longestGap, reconnected: webrtc.plays.filter((plays) => plays > 1).length },
      admissions: admissions.settle(),
    };
    await Promise.all(viewers.map((viewer) => viewer.stop()));
    for (const player of players) player.stop();
    webrtc.stop();
    pages.forEach((page, number) => (page.plays = webrtc.plays[number]));
    result.blocks = await blocks.settle(cluster.workers);
    result.tokens = await tokens.settle();
    result.events = await settleEvents(management, APP, [...players, ...pages]);
    result.ghosts = await ghosts(management, publishers, live);
    return result;
  } finally {
    for (const person of people) person.wanted = false;
    for (const person of people) person.stop();
    management.client.close();
    await cluster.stop().catch((error) => console.error(String(error)));
    for (const wire of wires) wire.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function summary(viewers) {
  const statuses = new Map();
  for (const viewer of viewers) for (const [status, count] of viewer.statuses) statuses.set(status, (statuses.get(status) ?? 0) + count);
  const bad = [...statuses].filter(([status]) => status !== 200);
  return {
    gap: Math.max(...viewers.map(({ longestGap }) => longestGap)),
    requests: viewers.reduce((sum, { requests }) => sum + requests, 0),
    errors: bad.reduce((sum, [, count]) => sum + count, 0),
    statuses: bad.map(([status, count]) => `${count}× ${status || 'no answer'}`).join(', '),
    affected: viewers.filter(({ errors }) => errors > 0).length,
    beyondRetry: viewers.filter(({ beyondRetry }) => beyondRetry > 0).length,
  };
}

/** What is still called live although nobody is there: streams, and sessions of players who left. */
async function ghosts(management, publishers, live) {
  const expected = publishers.filter(({ isLive }) => isLive).length;
  const query = `query($app: String!, $stream: String!) { broadcast(application: $app, streamId: $stream) {
    rtmp: sessions(filter: { open: true, protocol: RTMP, operation: PLAY }) { totalCount }
    whep: sessions(filter: { open: true, protocol: WHEP, operation: PLAY }) { totalCount } } }`;
  let found;
  for (let tries = 0; tries < 60; tries += 1) {
    let sessions = 0;
    for (let number = 0; number < publishers.length; number += 1) {
      const { broadcast } = await management.graphql(query, { app: APP, stream: `s${number}` });
      sessions += (broadcast?.rtmp.totalCount ?? 0) + (broadcast?.whep.totalCount ?? 0);
    }
    found = { streams: Math.abs((await live()) - expected), sessions };
    if (found.streams === 0 && found.sessions === 0) break;
    await sleep(500);
  }
  return found;
}

const messages = clipMessages();
const chosen = scenarios.filter(({ name }) => !values.only || name.includes(values.only));
const results = [];
for (const scenario of chosen) {
  console.log(`== ${scenario.name}`);
  try {
    const result = await drill(scenario, messages);
    results.push(result);
    console.log(JSON.stringify(result, (_, value) => (value instanceof Map ? Object.fromEntries(value) : value)));
  } catch (error) {
    results.push({ name: scenario.name, error });
    console.error(`failed: ${error.stack}`);
  }
}
const place = 'docs/reference/failures.md';
const done = results.filter(({ error }) => !error);
if (done.length > 0) {
  writeFileSync(place, done.length < scenarios.length ? updated(readFileSync(place, 'utf8'), done, counts) : page(done, counts));
}
const broken = results.filter(
  ({ error, blocks, tokens, events, ghosts }) =>
    error || blocks.missed + blocks.open + tokens.twice + tokens.lost + events.lost + events.unpaired + ghosts.streams + ghosts.sessions > 0);
console.log(`${results.length} drills, ${broken.length} with something broken that must hold`);
process.exit(values.check && broken.length > 0 ? 1 : 0);
