import { type ComparisonGrid, gridOf } from '../form/comparison.ts';
import { type HistoryEntry, isUnfinished } from '../history/history-entry.ts';
import { cancelRequest, chosen as chosenId, deleteEntries, liveOf } from '../history/requests.ts';
import { html } from '../parts/markup.ts';
import { useStore } from '../parts/store.ts';
import { texts } from '../parts/texts.ts';
import { BlobPicture } from './blob-picture.ts';
import { shareDone, stateText } from './progress-view.ts';
import { RequestView } from './request-view.ts';

interface ComparisonViewProps {
  readonly cells: readonly HistoryEntry[];
  /** The cell that is shown whole below the grid. */
  readonly chosen: HistoryEntry;
  readonly hasReport: boolean;
}

/** Schedulers as rows, numbers of steps as columns, each cell with its time. */
export function ComparisonView({ cells, chosen, hasReport }: ComparisonViewProps) {
  const grid = gridOf(cells);
  const unfinished = cells.filter(isUnfinished);
  const { prompt, seed } = chosen.body;
  return html`<section class="comparison" aria-label=${texts.comparison.label}>
    <p class="caption">${texts.comparison.caption(String(prompt), String(seed))}</p>
    <div class="grid-scroll" tabindex="0" role="region" aria-label=${texts.comparison.label}>
      <table>
        <thead>
          <tr>
            <td></td>
            ${grid.steps.map((count) => html`<th scope="col">${texts.comparison.column(count)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${grid.schedulers.map((scheduler) => html`<${Row} grid=${grid} scheduler=${scheduler} chosen=${chosen.id} />`)}
        </tbody>
      </table>
    </div>
    <div class="actions">
      ${
        unfinished.length > 0 &&
        html`<button type="button" onClick=${() => unfinished.forEach(({ id }) => void cancelRequest(id))}>
          ${texts.stage.cancel}
        </button>`
      }
      <button type="button" class="danger" onClick=${() => deleteEntries(cells.map(({ id }) => id))}>
        ${texts.stage.remove}
      </button>
      ${hasReport && html`<a class="quiet" href="lab" target="_blank">${texts.comparison.lab}</a>`}
    </div>
    <${RequestView} key=${chosen.id} entry=${chosen} />
  </section>`;
}

interface RowProps {
  readonly grid: ComparisonGrid;
  readonly scheduler: string;
  readonly chosen: string;
}

function Row({ grid, scheduler, chosen }: RowProps) {
  return html`<tr>
    <th scope="row">${scheduler}</th>
    ${grid.steps.map((count) => {
      const entry = grid.cell(scheduler, count);
      return html`<td>${entry && html`<${Cell} key=${entry.id} entry=${entry} isChosen=${entry.id === chosen} />`}</td>`;
    })}
  </tr>`;
}

function Cell({ entry, isChosen }: { entry: HistoryEntry; isChosen: boolean }) {
  const live = useStore(liveOf(entry.id));
  const { id, status, thumbnail, result, body } = entry;
  const took = result?.metrics.inference_time;
  const text = isUnfinished(entry)
    ? stateText(entry, live)
    : took === undefined
      ? texts.history.states[status]
      : texts.stage.took(took.toFixed(2));
  return html`<button
    type="button"
    class="cell"
    aria-pressed=${isChosen}
    aria-label=${`${body.scheduler}, ${texts.comparison.column(Number(body.num_inference_steps))}: ${text}`}
    onClick=${() => chosenId.set(id)}
  >
    <${BlobPicture} class="thumbnail" blob=${thumbnail ?? live.preview} alt="" />
    ${isUnfinished(entry) && html`<progress max="1" value=${shareDone(live) ?? 0} aria-hidden="true"></progress>`}
    <span>${text}</span>
  </button>`;
}
