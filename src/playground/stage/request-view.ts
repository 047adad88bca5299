import { useState } from 'preact/hooks';
import { type HistoryEntry, isUnfinished } from '../history/history-entry.ts';
import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import { PictureView } from './picture-view.ts';
import { ProgressView } from './progress-view.ts';
import { RequestActions } from './request-actions.ts';
import { RequestDetails } from './request-details.ts';
import { WarningNote } from './warning-note.ts';

/** One request: its picture or how it goes, and what can be done with it. */
export function RequestView({ entry }: { entry: HistoryEntry }) {
  const [shown, setShown] = useState(0);
  if (isUnfinished(entry)) return html`<${ProgressView} entry=${entry} />`;
  return html`<article class="outcome" aria-label=${String(entry.body.prompt)}>
    ${
      entry.status === 'COMPLETED'
        ? html`<${PictureView} entry=${entry} shown=${shown} onShow=${setShown} />`
        : html`<div class="mat empty" role="alert">
            <p><strong>${entry.status === 'GONE' ? texts.stage.gone : texts.stage.failed}</strong></p>
            ${entry.error !== undefined && html`<p>${entry.error}</p>`}
          </div>`
    }
    <${WarningNote} entry=${entry} />
    <p class="caption">${entry.body.prompt}</p>
    <${RequestActions} entry=${entry} shown=${shown} />
    <${RequestDetails} entry=${entry} />
  </article>`;
}
