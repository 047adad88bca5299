import { html } from '../parts/markup.ts';
import { pause, resume } from './api.ts';
import { doAndShow } from './state.ts';
import { adminTexts } from './texts.ts';
import type { Queues } from './wire.ts';

const words = adminTexts.queues;

/** How much waits and runs, how fast it ends, by route; pause and resume. */
export function QueueState({ queues }: { queues: Queues }) {
  const { paused, waiting, processing, completed_per_minute, failed_per_minute, routes } = queues;
  const figures: readonly [string, string][] = [
    [words.waiting, String(waiting)],
    [words.processing, String(processing)],
    [words.completed, completed_per_minute.toFixed(1)],
    [words.failed, failed_per_minute.toFixed(1)],
  ];
  return html`<section class="panel" aria-labelledby="queues">
    <header>
      <h2 id="queues">${words.title}</h2>
      ${paused && html`<strong class="paused">${words.paused}</strong>`}
      <button type="button" onClick=${() => void doAndShow(paused ? resume : pause)}>
        ${paused ? words.resume : words.pause}
      </button>
    </header>
    <dl class="figures">
      ${figures.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}
    </dl>
    <div class="table-scroll" tabindex="0" role="region" aria-labelledby="queues">
      <table>
        <thead>
          <tr><th scope="col">${words.route}</th><th scope="col">${words.waiting}</th><th scope="col">${words.processing}</th></tr>
        </thead>
        <tbody>
          ${routes.map(
            (each) =>
              html`<tr><th scope="row">${each.route}</th><td>${each.waiting}</td><td>${each.processing}</td></tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}
