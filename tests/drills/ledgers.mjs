// What must stay true through every failure, written down while it happens and settled afterwards: blocks, one-time
// tokens, admissions, connection events, and that nothing stays behind which is gone.

import { createHash } from 'node:crypto';

import { sleep } from '../../scripts/cluster/parts.mjs';
import { Client, addressOf } from './http.mjs';

export const SECRET = 'drill-secret';
export const hash = (stream, operation = 'play') => createHash('sha256').update(`${stream}${operation}${SECRET}`).digest('hex');

/** Management calls as the administrator, over the front: behind it nobody is local. */
export class Management {
  constructor(origin) {
    this.client = new Client(origin, '127.0.0.1');
    this.headers = {};
  }

  async login({ email, password }) {
    const mutation = 'mutation($input: LoginInput!) { login(input: $input) { accessToken } }';
    const { login } = await this.graphql(mutation, { input: { email, password } });
    this.headers = { Authorization: `Bearer ${login.accessToken}` };
  }

  async rest(method, path, body, patience = 10_000) {
    const answer = await this.client.send(method, path, { body, patience, headers: this.headers });
    let json;
    try {
      json = JSON.parse(answer.text);
    } catch {
      json = undefined;
    }
    return { ...answer, json };
  }

  async graphql(query, variables) {
    const { json, status } = await this.rest('POST', '/graphql', { query, variables });
    if (status !== 200 || json?.errors) throw new Error(`GraphQL: ${status} ${JSON.stringify(json?.errors)}`);
    return json.data;
  }

  async application(name, settings) {
    await this.rest('POST', `/rest/v2/applications/${name}`, {});
    const { json } = await this.rest('GET', `/rest/v2/applications/settings/${name}`);
    const answer = await this.rest('POST', `/rest/v2/applications/settings/${name}`, { ...json, ...settings });
    if (!answer.json?.success) throw new Error(`${name}: ${answer.status} ${answer.text}`);
  }
}

/** Asks to be let in five times a second, each time as somebody new. */
export class AdmissionLedger {
  constructor(origin, application, stream) {
    Object.assign(this, { origin, application, stream, wanted: true, answers: [] });
    this.running = this.#run();
  }

  async #run() {
    const waiting = new Set();
    for (let number = 0; this.wanted; number += 1) {
      const asking = this.#ask(number).finally(() => waiting.delete(asking));
      waiting.add(asking);
      await sleep(200);
    }
    await Promise.all(waiting);
  }

  async #ask(number) {
    const client = new Client(this.origin, addressOf(number, 44));
    const at = Date.now();
    const path = `/${this.application}/streams/${this.stream}.m3u8?token=${hash(this.stream)}&subscriberId=probe${number}`;
    const { status, text, ms } = await client.get(path, { patience: 15_000 });
    client.close();
    this.answers.push({ at, status, ms, said: status === 200 ? '' : text.trim().slice(0, 60) });
  }

  async stop() {
    this.wanted = false;
    await this.running;
  }

  /** How long newcomers were refused, in seconds, and what they were told. */
  settle() {
    const refused = this.answers.filter(({ status }) => status !== 200);
    const said = new Map();
    for (const { status, said: text } of refused) {
      const what = status === 0 ? 'no answer' : `${status} ${text}`;
      said.set(what, (said.get(what) ?? 0) + 1);
    }
    const first = Math.min(...refused.map(({ at }) => at));
    const last = Math.max(...refused.map(({ at, ms }) => at + ms));
    const slowest = Math.max(...this.answers.map(({ ms }) => ms));
    return { asked: this.answers.length, refused: refused.length, seconds: refused.length ? (last - first) / 1_000 : 0, said, slowest };
  }
}

/** Each token is shown by two people at once, all the time. One of them gets in, never both, and never nobody. */
export class TokenLedger {
  constructor(origin, management, application, stream) {
    Object.assign(this, { origin, management, application, stream, wanted: true, tokens: [] });
  }

  /** Makes the tokens, before anything fails. */
  async prepare(count) {
    const expires = Math.floor(Date.now() / 1_000) + 3_600;
    for (let made = 0; made < count; made += 1) {
      const path = `/${this.application}/rest/v2/broadcasts/${this.stream}/token?expireDate=${expires}&type=play`;
      const { json } = await this.management.rest('GET', path);
      this.tokens.push({ id: json.tokenId, winners: new Set(), shown: 0 });
    }
  }

  start() {
    this.running = this.#run();
  }

  async #run() {
    const waiting = new Set();
    for (let number = 0; this.wanted && number < this.tokens.length; number += 1) {
      const token = this.tokens[number];
      for (const side of [0, 1]) {
        const showing = this.#show(token, number, side).finally(() => waiting.delete(showing));
        waiting.add(showing);
      }
      await sleep(150);
    }
    await Promise.all(waiting);
  }

  async #show(token, number, side) {
    const client = new Client(this.origin, addressOf(2 * number + side, 45));
    const { status } = await client.get(`/${this.application}/streams/${this.stream}.m3u8?token=${token.id}`, { patience: 15_000 });
    client.close();
    token.shown += 1;
    if (status === 200) token.winners.add(side);
    return status;
  }

  async stop() {
    this.wanted = false;
    await this.running;
  }

  /** Whoever was told to come again does so now. */
  async settle() {
    const shown = this.tokens.filter(({ shown }) => shown > 0);
    for (const token of shown.filter(({ winners }) => winners.size === 0)) {
      const number = this.tokens.indexOf(token);
      for (const side of [0, 1]) if (token.winners.size === 0) await this.#show(token, number, side);
    }
    return {
      shown: shown.length,
      twice: shown.filter(({ winners }) => winners.size > 1).length,
      lost: shown.filter(({ winners }) => winners.size === 0).length,
    };
  }
}

/** Blocks viewers who watch, one after the other, and watches that they see nothing once the call said so. */
export class BlockLedger {
  constructor(origin, management, application, stream, count) {
    Object.assign(this, { origin, management, application, stream, wanted: true });
    this.people = Array.from({ length: count }, (_, number) => ({ name: `blocked${number}`, number, missed: 0, until: [] }));
  }

  /** Everybody comes in and watches. */
  async start() {
    for (const person of this.people) {
      person.client = new Client(this.origin, addressOf(person.number, 46));
      const path = `/${this.application}/streams/${this.stream}.m3u8?token=${hash(this.stream)}&subscriberId=${person.name}`;
      const { status, text } = await person.client.get(path);
      if (status !== 200) throw new Error(`${person.name} cannot come in: ${status}`);
      const line = text.split('\n').find((part) => part.startsWith(`${this.stream}/video`));
      person.media = `/${this.application}/streams/${line.trim()}`;
    }
    this.running = Promise.all([this.#block(), ...this.people.map((person) => this.#watch(person))]);
  }

  async #watch(person) {
    while (this.wanted) {
      const begun = Date.now();
      const { status } = await person.client.get(person.media, { patience: 4_000 });
      // Asked after the call had returned and every worker had confirmed: nothing may come.
      if (status === 200 && person.heldSince !== undefined && begun > person.heldSince) person.missed += 1;
      await sleep(250);
    }
  }

  async #block() {
    for (const person of this.people) {
      if (!this.wanted) return;
      await this.#blockOne(person);
      await sleep(1_000);
    }
  }

  async #blockOne(person) {
    const mutation = `mutation($input: BlockSubscriberInput!) { blockSubscriber(input: $input) {
      problems { message } sessionsSuspended workersAcknowledged workersPending { name } tookMs } }`;
    const input = { application: this.application, streamId: this.stream, subscriberId: person.name, seconds: 3_600, operation: 'PLAY' };
    while (this.wanted && person.answer === undefined) {
      try {
        const { blockSubscriber: answer } = await this.management.graphql(mutation, { input });
        person.answer = answer;
        if (answer.workersPending.length === 0) person.heldSince = Date.now();
      } catch {
        person.failed = (person.failed ?? 0) + 1;
        await sleep(500);
      }
    }
  }

  async stop() {
    this.wanted = false;
    await this.running;
  }

  /** Every worker by itself must refuse everybody whose block was accepted, however it was told. */
  async settle(workers) {
    const blocked = this.people.filter(({ answer }) => answer !== undefined);
    let open = 0;
    for (const person of blocked) {
      for (const worker of workers) {
        const client = new Client(`http://${worker.http}`, addressOf(person.number, 46));
        const { status } = await client.get(person.media);
        client.close();
        if (status === 200) open += 1;
      }
    }
    for (const person of this.people) person.client.close();
    return {
      blocked: blocked.length,
      pending: blocked.filter(({ answer }) => answer.workersPending.length > 0).length,
      failedCalls: this.people.reduce((sum, { failed = 0 }) => sum + failed, 0),
      missed: this.people.reduce((sum, { missed }) => sum + missed, 0),
      open,
    };
  }
}

/** Comings and goings that clients saw against those in the database, and what is still called live against what is. */
export async function settleEvents(management, application, players) {
  let [lost, unpaired] = [0, 0];
  for (const { stream, subscriber, plays } of players) {
    const path = `/${application}/rest/v2/broadcasts/${stream}/connection-events/0/50?subscriberId=${subscriber}`;
    let found;
    // The last of them may still be on their way.
    for (let tries = 0; tries < 40; tries += 1) {
      const { json } = await management.rest('GET', path);
      found = { came: 0, went: 0 };
      for (const event of json ?? []) found[event.eventType === 'connected' ? 'came' : 'went'] += 1;
      if (found.came >= plays && found.went === found.came) break;
      await sleep(500);
    }
    // A worker that was thought lost makes a pair of its own: gone, and come back.
    lost += Math.max(0, plays - found.came);
    unpaired += Math.abs(found.came - found.went);
  }
  return { lost, unpaired };
}
