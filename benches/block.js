// From the return of a block call to the last media byte that its subscriber receives or gets on the air.
//
// HLS and DASH: a viewer downloads segments without pause over one connection; the time of the last byte of a 200 answer
// counts. RTMP: a player that is suspended stays connected; the time of its last byte counts.
// WebRTC: the same over WHEP; the time of the last packet of media counts.
// RTMP: a publisher's process is told so and leaves; the stream's playlist answers 404 as soon as the call has returned.
//
// usage: node benches/block.js [ROUNDS]

import { connect } from 'node:net';

import { clip, percentile, publish, row, sleep, startSluice, until } from './harness.js';
import { playRtmp } from './rtmp.js';
import { playWhep } from './whep.js';

const rounds = Number(process.argv[2] ?? 100);
const path = clip('hi', 1900, 128);
const server = await startSluice();
const publisher = publish(path, `${server.rtmp}/LiveApp/s`);
await until('s is live', async () => (await fetch(`${server.origin}/LiveApp/streams/s/video.m3u8`)).status === 200);

const call = async (stream, subscriber, seconds, type) => {
  const url = `${server.origin}/LiveApp/rest/v2/broadcasts/${stream}/subscribers/${subscriber}/block/${seconds}/${type}`;
  const from = performance.now();
  const answer = await (await fetch(url, { method: 'PUT' })).json();
  if (!answer.success) throw new Error(JSON.stringify(answer));
  return { took: performance.now() - from, returned: performance.now() };
};

/** Asks for segments for ever on one socket and notes when the last media byte came. */
function viewer(ticketed) {
  const { hostname, port } = new URL(server.origin);
  const socket = connect(Number(port), hostname);
  const state = { last: 0, bytes: 0, refused: false, socket };
  const ask = () => socket.write(`GET ${ticketed} HTTP/1.1\r\nHost: x\r\n\r\n`);
  let head = '';
  let left = 0;
  socket.on('data', (data) => {
    let rest = data;
    while (rest.length) {
      if (left > 0) {
        const part = Math.min(left, rest.length);
        left -= part;
        rest = rest.subarray(part);
        if (!state.refused) {
          state.bytes += part;
          state.last = performance.now();
        }
      } else {
        head += rest.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        rest = Buffer.from(head.slice(end + 4), 'latin1');
        state.refused = !head.startsWith('HTTP/1.1 200');
        left = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        head = '';
      }
      if (left === 0 && head === '') {
        if (state.refused) socket.destroy();
        else ask();
      }
    }
  });
  socket.on('error', () => {});
  ask();
  return state;
}

/** Blocks one fresh viewer a round, while media flows to it; `start(subscriber)` gives its state. */
async function blocked(start, ended) {
  const figures = { took: [], late: [] };
  for (let round = 0; round < rounds; round += 1) {
    const subscriber = `viewer${round}`;
    const watching = await start(subscriber);
    await until('media flows', () => watching.bytes > 500_000);
    const { took, returned } = await call('s', subscriber, 60, 'play');
    await ended(watching);
    watching.socket.destroy();
    figures.took.push(took);
    figures.late.push(Math.max(0, watching.last - returned));
    await call('s', subscriber, 0, 'play');
  }
  return figures;
}

const refused = (watching) => until('it is refused or cut', () => watching.refused || watching.socket.destroyed || watching.socket.readableEnded);
const hls = await blocked(async (subscriber) => {
  const playlist = await (await fetch(`${server.origin}/LiveApp/streams/s/video.m3u8?subscriberId=${subscriber}`)).text();
  const segment = playlist.trim().split('\n').findLast((line) => line.includes('.m4s'));
  return viewer(`/LiveApp/streams/s/${segment}`);
}, refused);
const dash = await blocked(async (subscriber) => {
  const mpd = await fetch(`${server.origin}/LiveApp/streams/s/s.mpd?subscriberId=${subscriber}`);
  const media = /<SegmentTemplate[^>]* media="(v-[^"]+)"/.exec(await mpd.text())[1].replaceAll('&amp;', '&');
  const playlist = await (await fetch(`${server.origin}/LiveApp/streams/s/video.m3u8`)).text();
  const number = /v-(\d+)\.m4s/.exec(playlist.trim().split('\n').at(-1))[1];
  return viewer(`/LiveApp/streams/s/${media.replace(/\$Number(%\d+d)?\$/, number)}`);
}, refused);
await server.set('LiveApp', { rtmpPlaybackEnabled: true });
const rtmpPlay = await blocked(
  async (subscriber) => playRtmp(`${server.rtmp}/LiveApp/s?subscriberId=${subscriber}`),
  // A second of silence shows that nothing more comes.
  () => sleep(1000),
);
const webrtc = await blocked(
  async (subscriber) => {
    const players = playWhep(`${server.origin}/LiveApp/whep/s?subscriberId=${subscriber}`);
    await players.hold(1);
    return {
      get bytes() {
        return players.seen.bytes;
      },
      get last() {
        return players.seen.lastPacketMs - performance.timeOrigin;
      },
      socket: { destroy: players.stop },
    };
  },
  () => sleep(1500),
);

const rtmp = { took: [], gone: [], onAir: 0 };
for (let round = 0; round < Math.ceil(rounds / 5); round += 1) {
  const own = publish(path, `${server.rtmp}/LiveApp/p${round}?subscriberId=publisher`);
  await until('it is live', async () => (await fetch(`${server.origin}/LiveApp/streams/p${round}.m3u8`)).status === 200);
  const { took, returned } = await call(`p${round}`, 'publisher', 60, 'publish');
  if ((await fetch(`${server.origin}/LiveApp/streams/p${round}.m3u8`)).status !== 404) rtmp.onAir += 1;
  rtmp.took.push(took);
  rtmp.gone.push(Math.max(0, (await own.ended) - returned));
}

const ms = (values) => `${percentile(values, 0.5).toFixed(1)} / ${percentile(values, 0.99).toFixed(1)}`;
row('protocol', 'rounds', 'call took, ms (p50 / p99)', 'last byte after the return, ms (p50 / p99)', 'note');
row('---', '---', '---', '---', '---');
row('HLS play', rounds, ms(hls.took), ms(hls.late), 'a viewer that downloads without pause');
row('DASH play', rounds, ms(dash.took), ms(dash.late), 'the same');
row('RTMP play', rounds, ms(rtmpPlay.took), ms(rtmpPlay.late), 'suspended, still connected');
row('WebRTC play', rounds, ms(webrtc.took), ms(webrtc.late), 'over WHEP: suspended, still connected');
row('RTMP publish', rtmp.took.length, ms(rtmp.took), rtmp.onAir === 0 ? '0.0 / 0.0' : `${rtmp.onAir} still on the air`, `the encoder has left ${ms(rtmp.gone)} ms after the return`);
publisher.stop();
await server.stop();
