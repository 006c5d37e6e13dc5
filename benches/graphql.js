// The same facts of one broadcast by GraphQL and by plain JSON (REST): answers per CPU second.
//
// usage: node benches/graphql.js [SECONDS]

import { load, row, startSluice } from './harness.js';

const seconds = Number(process.argv[2] ?? 10);
const server = await startSluice();
const create = `${server.origin}/LiveApp/rest/v2/broadcasts/create`;
await fetch(create, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"streamId":"s","name":"Bench"}' });

const query = '{ broadcast(application: "LiveApp", streamId: "s") { streamId name status createdAt } }';
const answer = await (await fetch(`${server.origin}/graphql`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ query }) })).json();
if (answer.data?.broadcast?.streamId !== 's') throw new Error(JSON.stringify(answer));

const script = `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = ${JSON.stringify(JSON.stringify({ query }))}
`;
row('what', 'answers per CPU second', 'answers a second', 'p99');
row('---', '---', '---', '---');
const figures = {};
for (const [name, path, options] of [
  ['one field, nothing loaded (GraphQL)', '/graphql', { script: script.replace(/wrk\.body = .*/, 'wrk.body = \'{"query":"{ __typename }"}\'') }],
  ['a broadcast (GraphQL)', '/graphql', { script }],
  ['a broadcast (REST v2)', '/LiveApp/rest/v2/broadcasts/s', {}],
  ['the version (REST v2), nothing loaded', '/rest/v2/version', {}],
]) {
  const figure = await load(`${server.origin}${path}`, server.pids, { seconds, ...options });
  figures[name] = figure.perCpuSecond;
  row(name, Math.round(figure.perCpuSecond), Math.round(figure.perSecond), figure.p99);
}
row('**GraphQL against plain JSON**', `${((100 * figures['a broadcast (GraphQL)']) / figures['a broadcast (REST v2)']).toFixed(0)} %`, '', '');
await server.stop();
