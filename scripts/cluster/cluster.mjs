// A whole cluster as plain processes on this machine: PostgreSQL, RabbitMQ, APIs, workers, and HAProxy in front.
//
// `startCluster` is what `make cluster`, the end-to-end tests and the failure drills use.

import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Part, Server, freePort, isTaken, sleep, status, until } from './parts.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const script = (name) => join(root, 'scripts', name);

/** The binary that SLUICE_BINARY names, or the newest build. */
function binary() {
  if (process.env.SLUICE_BINARY) return process.env.SLUICE_BINARY;
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
  const found = ['debug', 'release'].map((profile) => join(target, profile, 'sluice')).find(existsSync);
  if (!found) throw new Error('there is no build: run make cluster, or cargo build');
  return found;
}

/** Secrets of a cluster, made once and kept in its folder. */
function secrets(folder) {
  const file = join(folder, 'secrets.json');
  if (!existsSync(file)) {
    const made = { key: randomBytes(32).toString('base64'), place: `cluster-${randomBytes(6).toString('hex')}` };
    for (const name of ['api', 'worker', 'admin']) made[name] = randomBytes(18).toString('base64url');
    writeFileSync(file, JSON.stringify(made), { mode: 0o600 });
  }
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** A port for `name`, the same at every start in this folder. */
async function port(ports, name, wanted) {
  ports[name] ??= wanted && !(await isTaken(wanted)) ? wanted : await freePort();
  return ports[name];
}

/**
 * Options: `folder`; `apis` and `workers`, how many; `fast`, commits of the database need not outlive the machine;
 * `postgres`, the URL of one that runs, in which a database is made; `rabbitmq`, the folder of one that
 * `scripts/rabbitmq` runs, in which a vhost is made; `publicPorts`, true for the usual ports of the front;
 * `frontWorkers`, the numbers of the workers that the front knows (all); `environment`, settings of every part;
 * `admin`, the e-mail and password of the first administrator; `wireWorker(port)`, a port to reach the broker by that
 * the first worker gets instead.
 */
export async function startCluster(options) {
  const { apis = 2, workers = 3, fast = false, publicPorts = false, environment = {} } = options;
  const folder = resolve(options.folder);
  // The database's own user passes through; the secrets in here are in files of mode 600.
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o711);
  const secret = secrets(folder);
  const admin = options.admin ?? { email: 'admin@example.org', password: secret.admin };
  const portsFile = join(folder, 'ports.json');
  const ports = existsSync(portsFile) ? JSON.parse(readFileSync(portsFile, 'utf8')) : {};
  const cluster = { folder, admin, apis: [], workers: [] };
  const started = [];
  cluster.stop = async () => {
    for (const part of [cluster.front, ...cluster.workers, ...cluster.apis].filter(Boolean)) part.signal('SIGCONT');
    await cluster.front?.stop();
    await Promise.all(cluster.workers.map((part) => part.stop()));
    await Promise.all(cluster.apis.map((part) => part.stop()));
    await Promise.all(started.map((server) => server.stop()));
  };
  cluster.kill = async () => {
    await Promise.all([cluster.front, ...cluster.workers, ...cluster.apis].filter(Boolean).map((part) => part.kill()));
    await Promise.all(started.map((server) => server.stop()));
  };
  try {
    await Promise.all([startDatabase(cluster, options, started, secret, fast), startBroker(cluster, options, started, secret)]);
    const common = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_'))),
      SLUICE_LOG: process.env.SLUICE_LOG ?? 'info',
      ...environment,
    };
    for (let number = 1; number <= apis; number += 1) {
      cluster.apis.push(await api(number, cluster, ports, secret, common, admin));
    }
    for (let number = 1; number <= workers; number += 1) {
      const port = number === 1 && options.wireWorker ? await options.wireWorker(cluster.brokerPort) : undefined;
      cluster.workers.push(await worker(number, cluster, ports, common, port));
    }
    // The first API brings the schema, which the others would only wait for.
    await cluster.apis[0].start();
    await Promise.all([...cluster.apis.slice(1), ...cluster.workers].map((part) => part.start()));
    cluster.front = await front(cluster, ports, options.frontWorkers, publicPorts);
    writeFileSync(portsFile, JSON.stringify(ports));
    await cluster.front.start();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}

async function startDatabase(cluster, { folder, postgres }, started, secret, fast) {
  let url = postgres;
  if (!url) {
    cluster.postgres = new Server(script('postgres'), fast ? ['--fast'] : [], join(resolve(folder), 'postgres'));
    started.push(cluster.postgres);
    url = await cluster.postgres.start();
  }
  const name = postgres ? secret.place : 'sluice';
  const there = execFileSync('psql', [url, '-XAtc', `SELECT 1 FROM pg_database WHERE datname = '${name}'`]);
  if (there.toString().trim() !== '1') execFileSync('psql', [url, '-Xqc', `CREATE DATABASE "${name}"`]);
  cluster.databaseUrl = url.replace(/\/[^/?]*(\?|$)/, `/${name}$1`);
}

async function startBroker(cluster, { folder, rabbitmq }, started, secret) {
  let place = rabbitmq;
  if (!place) {
    place = join(resolve(folder), 'rabbitmq');
    cluster.rabbitmq = new Server(script('rabbitmq'), [], place);
    started.push(cluster.rabbitmq);
    await cluster.rabbitmq.start();
  }
  const vhost = rabbitmq ? secret.place : '/sluice';
  const userOf = (end) => (rabbitmq ? `${secret.place}-${end}` : `sluice-${end}`);
  await makeUsers(place, vhost, [['api', userOf('api'), secret.api], ['worker', userOf('worker'), secret.worker]]);
  const { host } = new URL(readFileSync(join(place, 'url'), 'utf8').trim().replace(/^amqp/, 'http'));
  cluster.brokerPort = Number(host.split(':')[1]);
  cluster.busUrl = (user, port = cluster.brokerPort) =>
    `amqp://${userOf(user)}:${secret[user]}@127.0.0.1:${port}/${encodeURIComponent(vhost)}`;
}

/** Makes the vhost and its users with the rights of `scripts/rabbitmq-users`, which takes seconds: this does not. */
async function makeUsers(place, vhost, users) {
  const rights = Object.fromEntries(
    [...readFileSync(script('rabbitmq-users'), 'utf8').matchAll(/^((?:api|worker)_\w+)='(.*)'$/gm)].map(([, name, text]) => [name, text]),
  );
  const erlang = (text) => `<<"${text.replaceAll('\\', '\\\\')}">>`;
  const steps = [`(catch rabbit_vhost:add(${erlang(vhost)}, <<"cluster">>))`];
  for (const [end, user, password] of users) {
    const patterns = ['configure', 'write', 'read'].map((right) => erlang(rights[`${end}_${right}`]));
    steps.push(
      `(catch rabbit_auth_backend_internal:add_user(${erlang(user)}, ${erlang(password)}, <<"cluster">>))`,
      `rabbit_auth_backend_internal:set_permissions(${erlang(user)}, ${erlang(vhost)}, ${patterns.join(', ')}, <<"cluster">>)`,
    );
  }
  const program = `${steps.join(', ')}.\n`;
  // A busy machine lets Erlang's own connections time out.
  for (let tries = 1; ; tries += 1) {
    const { status, stdout, stderr } = spawnSync(join(place, 'eval'), { input: program, encoding: 'utf8' });
    if (status === 0 && stdout.startsWith('{ok')) return;
    if (tries === 15) throw new Error(`the broker's users could not be made: ${stdout}${stderr}`);
    await sleep(500);
  }
}

async function api(number, cluster, ports, secret, common, admin) {
  const name = `api${number}`;
  const address = `127.0.0.1:${await port(ports, name)}`;
  const folder = join(cluster.folder, name);
  const environment = {
    ...common,
    SLUICE_DATA_DIR: folder,
    SLUICE_DATABASE_URL: cluster.databaseUrl,
    SLUICE_BUS_URL: cluster.busUrl('api'),
    SLUICE_SECRET_KEY: secret.key,
    SLUICE_HTTP_ADDR: address,
    SLUICE_ADMIN_EMAIL: admin.email,
    SLUICE_ADMIN_PASSWORD: admin.password,
  };
  const ready = async () => (await status(`http://${address}/readyz`)) === 200;
  return Object.assign(new Part(name, folder, binary(), ['api'], environment, ready), { http: address });
}

async function worker(number, cluster, ports, common, brokerPort) {
  const name = `worker${number}`;
  const [http, rtmp, relay, webrtc] = [
    `127.0.0.1:${await port(ports, `${name}-http`)}`,
    `127.0.0.1:${await port(ports, `${name}-rtmp`)}`,
    `127.0.0.1:${await port(ports, `${name}-relay`)}`,
    `127.0.0.1:${await port(ports, `${name}-webrtc`)}`,
  ];
  const folder = join(cluster.folder, name);
  const environment = {
    ...common,
    SLUICE_DATA_DIR: folder,
    SLUICE_BUS_URL: cluster.busUrl('worker', brokerPort),
    SLUICE_WORKER_NAME: name,
    SLUICE_HTTP_ADDR: http,
    SLUICE_RTMP_ADDR: rtmp,
    SLUICE_RELAY_ADDR: relay,
    SLUICE_RELAY_PUBLIC: relay,
    SLUICE_WEBRTC_ADDR: webrtc,
  };
  const ready = async () => (await status(`http://${http}/readyz`)) === 200;
  return Object.assign(new Part(name, folder, binary(), ['worker'], environment, ready), { http, rtmp, relay, webrtc });
}

async function front(cluster, ports, known, publicPorts) {
  const folder = join(cluster.folder, 'front');
  mkdirSync(folder, { recursive: true });
  const [http, rtmp, operations] = [
    `127.0.0.1:${await port(ports, 'front-http', publicPorts && 5080)}`,
    `127.0.0.1:${await port(ports, 'front-rtmp', publicPorts && 1935)}`,
    `127.0.0.1:${await port(ports, 'front-operations')}`,
  ];
  const workers = cluster.workers.filter((_, index) => !known || known.includes(index + 1));
  const text = execFileSync(script('haproxy-config'), {
    env: {
      ...process.env,
      FRONT_APIS: cluster.apis.map((part) => part.http).join(' '),
      FRONT_WORKERS: workers.map((part) => `${part.http}:${part.rtmp.split(':')[1]}`).join(' '),
    },
  });
  const config = join(folder, 'haproxy.cfg');
  writeFileSync(config, text);
  const environment = { ...process.env, FRONT_HTTP: http, FRONT_RTMP: rtmp, FRONT_OPERATIONS: operations };
  const ready = async () => (await status(`http://${http}/healthz`)) === 200;
  const part = new Part('front', folder, 'haproxy', ['-db', '-f', config], environment, ready);
  return Object.assign(part, { http, rtmp, operations });
}

/**
 * Writes `cluster.json`: every address and process, and with `settings` their environments too, for scripts and tests.
 * In one step: a reader sees all or nothing.
 */
export function describe(cluster, { settings = false } = {}) {
  const part = ({ name, pid, http, rtmp, relay, webrtc, folder, environment }) => ({
    name, pid, http, rtmp, relay, webrtc, folder,
    environment: settings ? Object.fromEntries(Object.entries(environment).filter(([key]) => key.startsWith('SLUICE_'))) : undefined,
  });
  const file = join(cluster.folder, 'cluster.json');
  const text = JSON.stringify({
    http: cluster.front.http,
    rtmp: cluster.front.rtmp,
    apis: cluster.apis.map(part),
    workers: cluster.workers.map(part),
    front: part(cluster.front),
    postgres: cluster.postgres?.pid,
    rabbitmq: cluster.rabbitmq?.pid,
  }, null, 2);
  writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}
