import { html } from '../parts/markup.ts';
import { adminTexts } from './texts.ts';
import type { Act, Key } from './wire.ts';

interface AuditProps {
  readonly acts: readonly Act[];
  readonly keys: readonly Key[];
}

/** Acts that are shown; the API has more. */
const most = 20;

/** Who did what. */
export function AuditLog({ acts, keys }: AuditProps) {
  const names = new Map(keys.map(({ id, name }) => [id, name]));
  return html`<section class="panel wide" aria-labelledby="audit">
    <header><h2 id="audit">${adminTexts.audit.title}</h2></header>
    ${acts.length === 0 && html`<p class="hint">${adminTexts.audit.none}</p>`}
    <ul class="rows">
      ${acts.slice(0, most).map(
        ({ at, key, act, on }) => html`<li>
          <time datetime=${at}>${new Date(at).toLocaleString()}</time>
          <span>${names.get(key) ?? key}</span>
          <span>${act} <code>${on}</code></span>
        </li>`,
      )}
    </ul>
  </section>`;
}
