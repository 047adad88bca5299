import type { TargetedEvent, TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import { html } from '../parts/markup.ts';
import { addCredits, createKey, revokeKey } from './api.ts';
import { doAndShow } from './state.ts';
import { adminTexts } from './texts.ts';
import type { Key, KeyWishes } from './wire.ts';

const words = adminTexts.keys;

/** API keys: create, credit, revoke. A new key is shown once. */
export function Keys({ keys }: { keys: readonly Key[] }) {
  const [made, setMade] = useState<string | undefined>(undefined);
  const create = async (event: TargetedSubmitEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const key = await doAndShow(() => createKey(wishesOf(new FormData(form))));
    if (key === undefined) return;
    setMade(key.key);
    form.reset();
  };
  return html`<section class="panel wide" aria-labelledby="keys">
    <header><h2 id="keys">${words.title}</h2></header>
    <form class="new-key" onSubmit=${create}>
      <label>${words.name} <input name="name" required maxlength="200" /></label>
      <label>${words.credits} <input name="credits" type="number" min="0" step="any" /></label>
      <label>${words.perMinute} <input name="requests_per_minute" type="number" min="1" /></label>
      <label>${words.maxQueued} <input name="max_queued" type="number" min="1" /></label>
      <label class="check"><input name="admin" type="checkbox" /> ${words.admin}</label>
      <button class="primary" type="submit">${words.create}</button>
    </form>
    ${made !== undefined && html`<p class="made" role="status">${words.made} <code>${made}</code></p>`}
    <ul class="rows">
      ${keys.map((key) => html`<${KeyRow} key=${key.id} apiKey=${key} />`)}
    </ul>
  </section>`;
}

function wishesOf(form: FormData): KeyWishes {
  const number = (name: string) => {
    const text = String(form.get(name) ?? '').trim();
    return text === '' ? {} : { [name]: Number(text) };
  };
  return {
    name: String(form.get('name')),
    ...number('credits'),
    ...number('requests_per_minute'),
    ...number('max_queued'),
    admin: form.get('admin') !== null,
  };
}

function KeyRow({ apiKey }: { apiKey: Key }) {
  const { id, name, credits } = apiKey;
  const [isAsked, setAsked] = useState(false);
  const [more, setMore] = useState('');
  const credit = (event: Event): void => {
    event.preventDefault();
    if (more.trim() !== '') void doAndShow(() => addCredits(id, Number(more))).then(() => setMore(''));
  };
  return html`<li>
    <span class="about"><strong>${name}</strong> <code>${id}</code></span>
    <span class="hint">${words.limits(apiKey)}</span>
    <span class="buttons">
      ${
        credits !== undefined &&
        html`<form onSubmit=${credit}>
          <input
            type="number"
            step="any"
            aria-label=${words.creditsFor(name)}
            value=${more}
            onInput=${({ currentTarget }: TargetedEvent<HTMLInputElement>) => setMore(currentTarget.value)}
          />
          <button type="submit">${words.addCredits}</button>
        </form>`
      }
      <button
        type="button"
        class="danger"
        onClick=${() => (isAsked ? void doAndShow(() => revokeKey(id)) : setAsked(true))}
        onBlur=${() => setAsked(false)}
      >
        ${isAsked ? words.revokeSure : words.revoke}
      </button>
    </span>
  </li>`;
}
