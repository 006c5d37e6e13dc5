// The page that tells what failures cost, made from the drills.

const seconds = (ms) => `${(ms / 1_000).toFixed(1)} s`;

/** The page with the rows of these drills in place of their old ones. */
export function updated(old, results, counts) {
  const rows = page(results, counts).split('\n').filter((line) => results.some(({ name }) => line.startsWith(`| ${name} |`)));
  const next = new Map();
  for (const row of rows) {
    const name = row.split(' | ')[0];
    next.set(name, [...(next.get(name) ?? []), row]);
  }
  // Each drill has a row in both tables, in the same order.
  return old.split('\n').map((line) => next.get(line.split(' | ')[0])?.shift() ?? line).join('\n');
}

export function page(results, counts) {
  const lines = [
    '# What failures cost',
    '',
    'Made by `make drills`, which breaks one thing at a time in a cluster of two APIs, three workers, PostgreSQL, RabbitMQ and HAProxy',
    `on one machine, while ${counts.publishers} encoders publish and ${counts.hls} HLS, ${counts.rtmp} RTMP and ${counts.webrtc} WebRTC players watch. Meanwhile five newcomers`,
    'a second ask to be let in, one-time tokens are shown by two people at once, and viewers are blocked one after the other. A killed process is',
    'started again after three seconds, as a supervisor would.',
    '',
    '## What people noticed',
    '',
    '| What failed | HLS viewers: longest time without a new segment; requests that failed; viewers who saw more than one retry | RTMP players: longest silence; reconnected | WebRTC players: the same | Encoders: reconnected; longest time off the air | Newcomers: refused for; of them; told |',
    '|---|---|---|---|---|---|',
  ];
  for (const { name, hls, rtmp, webrtc, publishers, admissions } of results) {
    const said = [...admissions.said].map(([what, count]) => `${count}× ${what}`).join(', ') || 'nobody was refused';
    lines.push(
      `| ${name} | ${seconds(hls.gap)}; ${hls.errors} of ${hls.requests}${hls.statuses ? ` (${hls.statuses})` : ''}; ${hls.beyondRetry} ` +
        `| ${seconds(rtmp.gap)}; ${rtmp.reconnected} | ${seconds(webrtc.gap)}; ${webrtc.reconnected} | ${publishers.moved}; ${publishers.gap ? seconds(publishers.gap) : 'never off'} ` +
        `| ${admissions.seconds.toFixed(1)} s; ${admissions.refused} of ${admissions.asked}; ${said} |`,
    );
  }
  lines.push(
    '',
    'A segment lasts two seconds, so a new one every two to three seconds is normal, and a player has several of them in hand.',
    '',
    '## What must hold',
    '',
    '| What failed | Blocks: accepted; not confirmed by every worker at once; seen after the confirmation; open in the end | Tokens: shown; let two in; let nobody in | Connection events: lost; without their other half | Left behind: streams; sessions |',
    '|---|---|---|---|---|',
  );
  for (const { name, blocks, tokens, events, ghosts } of results) {
    lines.push(
      `| ${name} | ${blocks.blocked}; ${blocks.pending}; ${blocks.missed}; ${blocks.open} | ${tokens.shown}; ${tokens.twice}; ${tokens.lost} ` +
        `| ${events.lost}; ${events.unpaired} | ${ghosts.streams}; ${ghosts.sessions} |`,
    );
  }
  lines.push(
    '',
    'A block that a frozen or cut-off worker has not confirmed is named in the answer of the call (`workersPending`). Such a worker admits',
    'nobody, goes on with those it has, and learns what it missed before it admits anybody again.',
    '',
  );
  return lines.join('\n');
}
