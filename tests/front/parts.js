// Stand-ins for what the front stands before: APIs and workers that say which one answered, and a real HAProxy.

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** A part that answers every request with its name, the path and the headers that it saw. */
export class Part {
  constructor(name) {
    this.name = name;
    this.isReady = true;
    /** Replaces the usual answer: (request, response) => void. */
    this.answer = undefined;
    this.seen = [];
    this.sockets = new Set();
    this.http = http.createServer((request, response) => {
      if (request.headers.host === 'front') {
        response.writeHead(this.isReady || request.url === '/healthz' ? 200 : 503).end();
        return;
      }
      this.seen.push(`${request.method} ${request.url}`);
      if (this.answer) {
        this.answer(request, response);
        return;
      }
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ by: this.name, url: request.url, headers: request.headers, raw: request.rawHeaders }));
    });
    this.http.on('upgrade', (request, socket) => {
      const accept = createHash('sha1')
        .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
        .digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.write(`${this.name} `);
      socket.pipe(socket);
    });
    // Says its name and whom the front speaks for, once it has been told (PROXY protocol, version 2, over IPv4).
    this.rtmp = net.createServer(async (socket) => {
      await once(socket, 'readable').catch(() => {});
      const header = socket.read(28) ?? socket.read();
      if (!header) return;
      const isProxied = header.subarray(0, 12).equals(Buffer.from('\r\n\r\n\0\r\nQUIT\n'));
      socket.write(`${this.name} ${isProxied ? header.subarray(16, 20).join('.') : 'unknown'}`);
      socket.pipe(socket);
    });
    for (const server of [this.http, this.rtmp]) {
      server.on('connection', (socket) => {
        this.sockets.add(socket);
        socket.on('close', () => this.sockets.delete(socket));
        socket.on('error', () => {});
      });
    }
  }

  async start() {
    for (const server of [this.http, this.rtmp]) await once(server.listen(0, '127.0.0.1'), 'listening');
    return this;
  }

  get httpPort() {
    return this.http.address()?.port ?? this.lastPort;
  }

  /** As kill -9: nothing listens any more, and what was open is gone. */
  die() {
    this.lastPort = this.httpPort;
    this.http.close();
    this.rtmp.close();
    for (const socket of this.sockets) socket.destroy();
  }
}

/** HAProxy with the project's configuration before `apis` and `workers`. */
export class Front {
  static async start({ apis, workers, settings = {}, tls = false }) {
    const front = new Front();
    front.folder = mkdtempSync(path.join(tmpdir(), 'sluice-front-'));
    front.ports = Object.fromEntries(
      await Promise.all(['http', 'https', 'rtmp', 'rtmps', 'operations'].map(async (name) => [name, await freePort()])),
    );
    const at = (name) => `127.0.0.1:${front.ports[name]}`;
    const environment = {
      PATH: `${process.env.PATH}:/usr/sbin`,
      FRONT_HTTP: at('http'),
      FRONT_HTTPS: at('https'),
      FRONT_RTMP: at('rtmp'),
      FRONT_RTMPS: at('rtmps'),
      FRONT_OPERATIONS: at('operations'),
      FRONT_CONNECTIONS: '400',
      FRONT_APIS: apis.map((api) => `127.0.0.1:${api.httpPort}`).join(' '),
      FRONT_WORKERS: workers
        .map((worker) => `127.0.0.1:${worker.httpPort}:${worker.rtmp.address().port}`)
        .join(','),
      ...settings,
    };
    if (tls) environment.FRONT_CERTIFICATE = certificate(front.folder);
    const config = path.join(front.folder, 'haproxy.cfg');
    writeFileSync(config, execFileSync(path.join(ROOT, 'scripts/haproxy-config'), { env: environment }));
    front.process = spawn('haproxy', ['-db', '-f', config], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    front.log = '';
    for (const stream of [front.process.stdout, front.process.stderr]) {
      stream.on('data', (chunk) => (front.log += chunk));
    }
    await until(async () => {
      if (front.process.exitCode !== null) throw new Error(`haproxy ended: ${front.log}`);
      return (await front.ask('/healthz', { port: front.ports.operations })).status === 200;
    });
    return front;
  }

  stop() {
    this.process.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** One request on a connection of its own. `from` is the client's address; `json` is what a part said about it. */
  ask(url, { port = this.ports.http, from = '127.0.0.1', method = 'GET', headers = {} } = {}) {
    return new Promise((resolve, reject) => {
      const request = http.request(
        { host: '127.0.0.1', port, path: url, method, headers, localAddress: from, agent: false },
        async (response) => {
          let text = '';
          try {
            for await (const chunk of response) text += chunk;
          } catch (error) {
            reject(error);
            return;
          }
          const isJson = response.headers['content-type'] === 'application/json';
          resolve({ status: response.statusCode, headers: response.headers, text, json: isJson && text ? JSON.parse(text) : undefined });
        },
      );
      request.on('error', reject);
      request.end();
    });
  }

  /** How many servers of a backend get new work. */
  async active(backend) {
    const { text } = await this.ask('/metrics', { port: this.ports.operations });
    return Number(new RegExp(`^haproxy_backend_active_servers\\{proxy="${backend}"\\} (\\d+)`, 'm').exec(text)?.[1]);
  }

  /** Which worker an encoder reaches, whom that takes the encoder for, and the connection, which stays open. */
  async rtmp({ port = this.ports.rtmp, from = '127.0.0.1' } = {}) {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: from });
    const [first] = await once(socket, 'data');
    const [by, client] = String(first).split(' ');
    return { by, client, socket };
  }
}

/** Waits until `condition` holds; ten seconds at most. */
export async function until(condition) {
  const end = Date.now() + 10_000;
  for (;;) {
    let problem;
    try {
      if (await condition()) return;
    } catch (error) {
      if (error.code !== 'ECONNREFUSED') throw error;
      problem = error;
    }
    if (Date.now() > end) throw problem ?? new Error(`never true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function freePort() {
  const server = net.createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function certificate(folder) {
  const [key, chain] = ['key.pem', 'chain.pem'].map((name) => path.join(folder, name));
  const wish = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost';
  execFileSync('openssl', [...wish.split(' '), '-keyout', key, '-out', chain], { stdio: 'ignore' });
  const both = path.join(folder, 'front.pem');
  writeFileSync(both, execFileSync('cat', [chain, key]));
  return both;
}
