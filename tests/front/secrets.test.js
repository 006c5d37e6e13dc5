// scripts/compose-secrets: what compose.yaml needs is there after one command, and stays the same after the next.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Rights as scripts/rabbitmq-users writes them. */
const RIGHTS = `#!/usr/bin/env bash
api_configure='^sluice\\.api\\..+$'
api_write='^sluice\\."control"$'
api_read='^$'
worker_configure='^w$'
worker_write='^x$'
worker_read='^y$'
`;

let folder;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-secrets-'));
  mkdirSync(path.join(folder, 'scripts'));
  cpSync(path.join(ROOT, 'scripts/compose-secrets'), path.join(folder, 'scripts/compose-secrets'));
  writeFileSync(path.join(folder, 'scripts/rabbitmq-users'), RIGHTS);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const make = () => execFileSync(path.join(folder, 'scripts/compose-secrets'), { encoding: 'utf8' });
const file = (name) => path.join(folder, 'deploy/compose/secrets', name);
const secret = (name) => readFileSync(file(name), 'utf8');

test('every secret that compose.yaml names is made', () => {
  make();
  const named = readFileSync(path.join(ROOT, 'compose.yaml'), 'utf8').matchAll(/file: deploy\/compose\/secrets\/(\w+)/g);
  const names = [...named].map(([, name]) => name);
  assert.equal(names.length, 7);
  for (const name of names) assert.ok(secret(name).length > 20, name);
  assert.equal(Buffer.from(secret('secret_key'), 'base64').length, 32);
  assert.match(secret('api_bus_url'), /^amqp:\/\/sluice-api:\w+@rabbitmq:5672\/%2Fsluice$/);
});

test('nobody but the owner can enter the folder', () => {
  make();
  assert.equal(statSync(file('.')).mode & 0o777, 0o700);
});

test('a second run keeps what is secret, and takes up other rights', () => {
  assert.match(make(), /admin_password/);
  const names = readdirSync(file('.')).filter((name) => /password|key|url/.test(name));
  const before = names.map(secret);
  const certificate = secret('certificates/front.pem');
  writeFileSync(path.join(folder, 'scripts/rabbitmq-users'), RIGHTS.replace('^w$', '^other$'));
  assert.equal(make(), '');
  assert.deepEqual(names.map(secret), before);
  assert.equal(secret('certificates/front.pem'), certificate);
  assert.equal(JSON.parse(secret('rabbitmq_definitions')).permissions[1].configure, '^other$');
});

test('the broker gets the rights, and hashes instead of passwords', () => {
  make();
  const { vhosts, users, permissions } = JSON.parse(secret('rabbitmq_definitions'));
  assert.deepEqual(vhosts, [{ name: '/sluice' }]);
  assert.deepEqual(permissions[0], {
    user: 'sluice-api',
    vhost: '/sluice',
    configure: '^sluice\\.api\\..+$',
    write: '^sluice\\."control"$',
    read: '^$',
  });
  for (const [index, name] of ['api', 'worker'].entries()) {
    const bytes = Buffer.from(users[index].password_hash, 'base64');
    const salt = bytes.subarray(0, 4);
    const expected = createHash('sha256').update(salt).update(secret(`rabbitmq_${name}_password`)).digest();
    assert.equal(users[index].name, `sluice-${name}`);
    assert.deepEqual(bytes.subarray(4), expected);
  }
});

test('rights that cannot be read are said, not guessed', () => {
  writeFileSync(path.join(folder, 'scripts/rabbitmq-users'), RIGHTS.replace(/^worker_read.*$/m, ''));
  assert.throws(make, /does not name the six rights/);
});
