import { chosen, entries } from '../history/requests.ts';
import { html } from '../parts/markup.ts';
import { useStore } from '../parts/store.ts';
import { texts } from '../parts/texts.ts';
import type { Capabilities } from '../parts/wire.ts';
import { ComparisonView } from './comparison-view.ts';
import { RequestView } from './request-view.ts';

/** The chosen request, or the comparison it belongs to. */
export function Stage({ capabilities }: { capabilities: Capabilities }) {
  const id = useStore(chosen);
  const all = useStore(entries);
  const entry = all.find((one) => one.id === id);
  if (entry === undefined) return html`<div class="mat empty"><p>${texts.stage.empty}</p></div>`;
  if (entry.comparison !== undefined)
    return html`<${ComparisonView}
      cells=${all.filter(({ comparison }) => comparison === entry.comparison)}
      chosen=${entry}
      hasReport=${capabilities.lab_report}
    />`;
  return html`<p class="unseen" role="status">${texts.history.states[entry.status]}</p>
    <${RequestView} key=${entry.id} entry=${entry} />`;
}
