import { useState } from 'preact/hooks';
import { html, mark } from './markup.ts';
import { texts } from './texts.ts';

interface SignInProps {
  readonly trouble: string | undefined;
  readonly onKey: (key: string) => void;
}

/**
 * When the form comes: the attribute autofocus is for documents, and ignored where one has a focused element.
 * One function for all renders, or each would take the focus anew.
 */
const focus = (input: HTMLInputElement | null): void => input?.focus();

/** Asks for an API key. */
export function SignIn({ trouble, onKey }: SignInProps) {
  const [key, setKey] = useState('');
  const submit = (event: Event): void => {
    event.preventDefault();
    if (key.trim() !== '') onKey(key.trim());
  };
  return html`<main class="sign-in">
    <form onSubmit=${submit} class="panel">
      <img class="mark" src=${mark} alt="" width="48" height="48" />
      <h1>${texts.product}</h1>
      <p>${texts.signIn.lead}</p>
      <label class="field">
        <span class="label">${texts.signIn.key}</span>
        <input
          type="password"
          name="key"
          autocomplete="off"
          spellcheck=${false}
          ref=${focus}
          value=${key}
          onInput=${(event: Event) => setKey((event.target as HTMLInputElement).value)}
        />
      </label>
      ${trouble !== undefined && html`<p class="trouble" role="alert">${trouble}</p>`}
      <button class="primary" type="submit">${texts.signIn.submit}</button>
      <p class="hint">${texts.signIn.kept} ${texts.signIn.hint}</p>
    </form>
  </main>`;
}
