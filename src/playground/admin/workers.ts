import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import { adminTexts } from './texts.ts';
import type { Worker } from './wire.ts';

const words = adminTexts.workers;

/** The live workers with their devices and models. */
export function Workers({ workers }: { workers: readonly Worker[] }) {
  return html`<section class="panel" aria-labelledby="workers">
    <header><h2 id="workers">${words.title}</h2></header>
    ${workers.length === 0 && html`<p class="hint">${texts.status.none}</p>`}
    <ul class="rows">
      ${workers.map(
        ({ id, device, busy, request_id, routes, resident, memory }) => html`<li key=${id}>
          <span class="about"><strong>${device}</strong> <span class="hint">${id}</span></span>
          <span>${busy ? words.busy(request_id?.slice(0, 8)) : words.free}</span>
          <span class="hint">${words.models(resident, routes)}</span>
          ${memory && html`<span class="hint" title=${memory.why}>${words.memory(memory.what, memory.estimated_bytes)}</span>`}
        </li>`,
      )}
    </ul>
  </section>`;
}
