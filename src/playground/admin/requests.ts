import { html } from '../parts/markup.ts';
import { cancelAny, moveToFront, retry } from './api.ts';
import { doAndShow } from './state.ts';
import { adminTexts } from './texts.ts';
import type { AdminRequest } from './wire.ts';

const words = adminTexts.requests;
const time = (iso: string): string => new Date(iso).toLocaleTimeString();

interface RequestsProps {
  readonly requests: readonly AdminRequest[];
}

/** What runs, with its step and its worker, and what waits. */
export function Unfinished({ requests }: RequestsProps) {
  return html`<section class="panel wide" aria-labelledby="unfinished">
    <header><h2 id="unfinished">${words.unfinished}</h2></header>
    ${requests.length === 0 && html`<p class="hint">${words.none}</p>`}
    <ul class="rows">
      ${requests.map(
        (one) => html`<li key=${one.request_id}>
          <${About} request=${one} />
          <span>${one.status === 'QUEUED' ? words.waits : words.step(one.step, one.steps, one.worker)}</span>
          <span class="buttons">
            ${
              one.status === 'QUEUED' &&
              html`<button type="button" onClick=${() => void doAndShow(() => moveToFront(one.request_id))}>
                ${words.front}
              </button>`
            }
            <button type="button" class="danger" onClick=${() => void doAndShow(() => cancelAny(one.request_id))}>
              ${words.cancel}
            </button>
          </span>
        </li>`,
      )}
    </ul>
  </section>`;
}

/** What failed in the last hour, and why. */
export function Failures({ requests }: RequestsProps) {
  return html`<section class="panel wide" aria-labelledby="failures">
    <header><h2 id="failures">${words.failures}</h2></header>
    ${requests.length === 0 && html`<p class="hint">${words.noFailures}</p>`}
    <ul class="rows">
      ${requests.map(
        (one) => html`<li key=${one.request_id}>
          <${About} request=${one} />
          <span class="trouble">${one.error}</span>
          <span class="buttons">
            ${
              one.endpoint === 'sdxl-torch' &&
              html`<button type="button" onClick=${() => void doAndShow(() => retry(one.request_id))}>
                ${words.retry}
              </button>`
            }
          </span>
        </li>`,
      )}
    </ul>
  </section>`;
}

function About({ request }: { request: AdminRequest }) {
  const { request_id, route, owner, submitted_at, attempts } = request;
  return html`<span class="about">
    <code title=${request_id}>${request_id.slice(0, 8)}</code> ${route}
    <span class="hint">${words.about(time(submitted_at), owner, attempts)}</span>
  </span>`;
}
