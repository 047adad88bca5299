import { html } from '../parts/markup.ts';
import { orderModel, rescanModels } from './api.ts';
import { doAndShow } from './state.ts';
import { adminTexts } from './texts.ts';
import type { Models as Known } from './wire.ts';

const words = adminTexts.models;

/** Checkpoints with the workers that have them loaded, and what is not served and why. */
export function Models({ models: { models, unservable } }: { models: Known }) {
  return html`<section class="panel wide" aria-labelledby="models">
    <header>
      <h2 id="models">${words.title}</h2>
      <button type="button" onClick=${() => void doAndShow(rescanModels)}>${words.rescan}</button>
    </header>
    ${models.length === 0 && html`<p class="hint">${words.none}</p>`}
    <ul class="rows">
      ${models.map(
        ({ name, serves, installed, loaded }) => html`<li key=${name}>
          <span class="about"><strong>${name}</strong> <span class="hint">${words.serves(serves)}</span></span>
          <span>${words.loaded(loaded.length, installed.length)}</span>
          <span class="buttons">
            <button
              type="button"
              disabled=${loaded.length === installed.length}
              aria-label="${words.load} ${name}"
              onClick=${() => void doAndShow(() => orderModel(name, 'load'))}
            >
              ${words.load}
            </button>
            <button
              type="button"
              disabled=${loaded.length === 0}
              aria-label="${words.unload} ${name}"
              onClick=${() => void doAndShow(() => orderModel(name, 'unload'))}
            >
              ${words.unload}
            </button>
          </span>
        </li>`,
      )}
      ${unservable.map(
        ({ worker, entry, reason }) =>
          html`<li key="${worker} ${entry}"><span class="trouble whole">${words.unserved(entry, worker, reason)}</span></li>`,
      )}
    </ul>
  </section>`;
}
