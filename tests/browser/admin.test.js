// The admin, as somebody who guards a stream uses it.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';

import { barriers, launch, playing, publish, startServer, watchRequests } from './harness/server.js';

const OPEN = {
  ...{ playTokenControlEnabled: false, playJwtControlEnabled: false, enableTimeTokenForPlay: false },
  ...{ hashControlPlayEnabled: false, publishTokenControlEnabled: false },
};

let server, browser, publisher;

before(async () => {
  server = await startServer();
  publisher = publish(`${server.rtmp}/LiveApp/s`);
  await server.live('LiveApp', 's');
  browser = await launch();
});

beforeEach(() => server.set('LiveApp', OPEN));

after(async () => {
  await browser?.close();
  publisher?.stop();
  await server?.stop();
});

/** A page of the admin, in a browser of its own. Nothing may be asked of any other host. */
async function open(path) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const tab = await context.newPage();
  const outside = watchRequests(tab, [server.origin]);
  await tab.goto(`${server.origin}/admin${path}`);
  return {
    tab,
    /** Says goodbye to a page on which everybody can act. */
    close: async () => {
      assert.deepEqual(await barriers(tab), []);
      assert.deepEqual(outside, []);
      await context.close();
    },
  };
}

test('a token is handed out in the admin, and one person watches with it', async () => {
  await server.set('LiveApp', { ...OPEN, playTokenControlEnabled: true });
  const { tab, close } = await open('/applications/LiveApp/broadcasts/s?tab=tokens');
  await tab.getByRole('button', { name: 'New token' }).click();
  await tab.getByRole('button', { name: 'Create', exact: true }).click();
  const address = await tab.getByRole('link', { name: 'Watch with it now' }).getAttribute('href');
  const token = new URL(address).searchParams.get('token');
  await tab.getByRole('button', { name: 'Done' }).click();
  await tab.getByRole('table', { name: 'Tokens' }).getByText('Unused').waitFor();
  assert.ok(!(await tab.content()).includes(token), 'the list does not show the token');

  const context = await browser.newContext();
  const viewer = await context.newPage();
  await viewer.goto(address);
  await playing(viewer, 2);
  await tab.getByRole('table', { name: 'Tokens' }).getByText('Spent').waitFor();
  const late = await fetch(`${server.origin}/LiveApp/streams/s.m3u8?token=${token}`);
  assert.equal(late.status, 403, 'nobody else comes in with it');
  await context.close();

  // What happened stands in the audit, and the token does not.
  await tab.getByRole('link', { name: 'Audit' }).click();
  const audit = tab.getByRole('table', { name: 'Audit' });
  await audit.getByText('Create token').waitFor();
  await audit.getByText('The token was used before').first().waitFor();
  assert.ok(!(await tab.content()).includes(token));
  await close();
});

test('a token that was not used yet is revoked', async () => {
  await server.set('LiveApp', { ...OPEN, playTokenControlEnabled: true });
  const { tab, close } = await open('/applications/LiveApp/broadcasts/s?tab=tokens&tokens=UNUSED');
  await tab.getByRole('button', { name: 'New token' }).click();
  await tab.getByRole('button', { name: 'Create', exact: true }).click();
  const address = await tab.getByRole('link', { name: 'Watch with it now' }).getAttribute('href');
  await tab.getByRole('button', { name: 'Done' }).click();
  await tab.getByRole('button', { name: /^Revoke token/ }).click();
  await tab.getByText('No token is in this state.').waitFor();
  const refused = await fetch(address.replace('play.html?id=s&', 'streams/s.m3u8?'));
  assert.equal(refused.status, 403);
  await close();
});

test('a refusal is explained, rule by rule', async () => {
  await server.set('LiveApp', { ...OPEN, enableTimeTokenForPlay: true });
  const { tab, close } = await open('/applications/LiveApp/broadcasts/s');
  await tab.getByRole('tab', { name: 'Access' }).click();
  await tab.getByLabel('Subscriber id').fill('playerB');
  await tab.getByRole('button', { name: 'Explain' }).click();
  await tab.getByText('They would be refused').waitFor();
  assert.deepEqual(await barriers(tab), []);
  const rules = tab.getByRole('list', { name: 'What the gate asked' });
  await rules.getByText('Is the time-based code right?').waitFor();
  assert.match(await rules.innerText(), /Is the subscriber free of blocks\?\s*Yes/);
  await server.set('LiveApp', OPEN);
  await tab.getByRole('button', { name: 'Explain' }).click();
  await tab.getByText('They would be let in').waitFor();
  await close();
});

test('a mode is switched on, and two that exclude one another are refused with words', async () => {
  const status = async () => (await fetch(`${server.origin}/LiveApp/streams/s.m3u8`)).status;
  assert.equal(await status(), 200);
  const { tab, close } = await open('/applications/LiveApp/settings');
  await tab.getByRole('switch', { name: 'One-time token, to play' }).click({ force: true });
  await tab.getByRole('button', { name: 'Save' }).click();
  await tab.getByText('in force for the next decision').waitFor();
  assert.equal(await status(), 403);

  await tab.getByRole('switch', { name: 'JWT, to play' }).click({ force: true });
  await tab.getByRole('button', { name: 'Save' }).click();
  const alert = tab.getByRole('alert', { name: 'Nothing was changed' });
  await alert.waitFor();
  assert.match(await alert.innerText(), /playTokenControlEnabled|one-time|token/i);
  await tab.getByRole('button', { name: 'Undo changes' }).click();
  assert.equal(await tab.getByRole('switch', { name: 'JWT, to play' }).isChecked(), false);
  await close();
});

test('a key for a machine is made, works, and is revoked', async () => {
  const { tab, close } = await open('/keys');
  await tab.getByRole('button', { name: 'New key' }).click();
  await tab.getByLabel('What it is for').fill('our shop');
  await tab.getByRole('button', { name: 'Create', exact: true }).click();
  const key = await tab.getByRole('dialog').locator('code').first().innerText();
  const ask = async () => {
    const response = await fetch(`${server.origin}/graphql`, {
      method: 'POST',
      // As a page of another site: without the key nobody.
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}`, Origin: 'https://shop.example' },
      body: JSON.stringify({ query: '{ viewer { kind name } }' }),
    });
    return (await response.json()).data.viewer;
  };
  assert.deepEqual(await ask(), { kind: 'API_KEY', name: 'our shop' });
  await tab.getByRole('button', { name: 'I have stored it' }).click();
  await tab.getByRole('button', { name: 'Revoke our shop' }).click();
  await tab.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await tab.getByText('There is no key.').waitFor();
  assert.equal((await ask()).kind, 'ANONYMOUS');
  await close();
});
