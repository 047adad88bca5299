import { html, mark } from './markup.ts';
import { serverAway } from './offered.ts';
import { leave } from './session.ts';
import { useStore } from './store.ts';
import { texts } from './texts.ts';
import { nextTheme, theme } from './theme.ts';
import type { Capabilities } from './wire.ts';

const themeSigns = { system: '◐', light: '☀', dark: '☾' };

/** The product's name, how the server is, and what concerns the whole page. */
export function TopBar({ capabilities }: { capabilities: Capabilities }) {
  const shown = useStore(theme);
  return html`<header class="top">
    <img class="mark" src=${mark} alt="" width="28" height="28" />
    <h1>${texts.product}</h1>
    <${ServerStatus} capabilities=${capabilities} />
    <nav>
      <a class="quiet" href="admin">${texts.adminLink}</a>
      <a class="quiet" href="docs">${texts.apiDocs}</a>
      <button class="quiet" type="button" aria-label=${texts.theme[shown]} title=${texts.theme[shown]} onClick=${nextTheme}>
        ${themeSigns[shown]}
      </button>
      ${
        capabilities.authentication &&
        html`<button class="quiet" type="button" onClick=${leave}>${texts.signOut}</button>`
      }
    </nav>
  </header>`;
}

function ServerStatus({ capabilities: { workers, waiting } }: { capabilities: Capabilities }) {
  const isAway = useStore(serverAway);
  const devices = [...new Set(workers.map(({ device }) => device))].join(', ');
  const state = isAway || workers.length === 0 ? 'bad' : workers.some(({ busy }) => busy) ? 'busy' : 'good';
  const text = isAway
    ? texts.status.away
    : workers.length === 0
      ? texts.status.none
      : `${texts.status.workers(workers.length, devices)}, ${texts.status.waiting(waiting)}`;
  return html`<p class="status ${state}" role="status">${text}</p>`;
}
