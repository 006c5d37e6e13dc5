//! The two questions that the page may ask. What is typed stays in memory: the forms never reach the address.

import { element } from '../shared/dom';
import type { Credentials } from '../shared/credentials';

export interface Form {
  root: HTMLFormElement;
  focus(): void;
}

export function streamIdForm(onSubmit: (streamId: string) => void): Form {
  const streamId = field('Stream id', 'streamId', { required: true, autocomplete: 'off', spellcheck: false });
  return form([streamId], 'Watch', () => {
    const value = streamId.input.value.trim();
    if (value !== '') onSubmit(value);
  });
}

/** Asks for subscriber id and code; a token of the address is kept unless another is typed. */
export function credentialsForm(known: Credentials, onSubmit: (credentials: Credentials) => void): Form {
  const subscriber = field('Subscriber id', 'subscriberId', { autocomplete: 'username', spellcheck: false });
  subscriber.input.value = known.subscriberId ?? '';
  const code = field('Code', 'subscriberCode', { autocomplete: 'one-time-code', inputMode: 'numeric', maxLength: 12 });
  const token = field('Token, if you were given one', 'token', { autocomplete: 'off', spellcheck: false, type: 'password' });
  return form([subscriber, code, token], 'Try again', () => {
    onSubmit({
      subscriberId: typed(subscriber.input),
      subscriberCode: typed(code.input),
      token: typed(token.input) ?? known.token,
    });
  });
}

function typed(input: HTMLInputElement): string | undefined {
  return input.value.trim() || undefined;
}

function form(fields: { label: HTMLLabelElement; input: HTMLInputElement }[], action: string, onSubmit: () => void): Form {
  const root = element('form', { className: 'form' });
  // Should the page's script fail, the browser must not send what was typed as a query.
  root.method = 'dialog';
  root.append(...fields.map(({ label }) => label), element('button', { type: 'submit', textContent: action }));
  root.addEventListener('submit', (event) => {
    event.preventDefault();
    onSubmit();
  });
  const first = fields.find(({ input }) => input.value === '') ?? fields[0];
  return { root, focus: () => first?.input.focus() };
}

function field(text: string, name: string, properties: Partial<HTMLInputElement>) {
  const input = element('input', { type: 'text', name, ...(properties as object) });
  const label = element('label', {});
  label.append(element('span', { textContent: text }), input);
  return { label, input };
}
