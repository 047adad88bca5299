import type { TargetedKeyboardEvent } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { html } from '../parts/markup.ts';
import { useStore } from '../parts/store.ts';
import { texts } from '../parts/texts.ts';
import { BlobPicture } from '../stage/blob-picture.ts';
import { shareDone, stateText } from '../stage/progress-view.ts';
import { type HistoryEntry, isUnfinished } from './history-entry.ts';
import { cancelRequest, chosen, deleteEntries, entries, liveOf } from './requests.ts';

/** The requests of this browser, the newest first; a comparison is one of them. */
export function History() {
  const all = useStore(entries);
  const id = useStore(chosen);
  const groups = useMemo(() => groupsOf(all), [all]);
  const shown = all.find((entry) => entry.id === id);
  return html`
    <header>
      <h2>${texts.history.label}</h2>
      ${all.length > 0 && html`<span class="hint">${texts.history.count(all.length)}</span><${Clear} />`}
    </header>
    ${all.length === 0 && html`<p class="hint">${texts.history.empty}</p>`}
    <ul onKeyDown=${turn}>
      ${groups.map(
        (group) => html`<${Item}
          key=${group[0]!.comparison ?? group[0]!.id}
          group=${group}
          isChosen=${group.includes(shown!)}
        />`,
      )}
    </ul>
  `;
}

/** Entries of one comparison stand together, at the place of the newest. */
function groupsOf(all: readonly HistoryEntry[]): HistoryEntry[][] {
  const groups = new Map<string, HistoryEntry[]>();
  for (const entry of all) {
    const name = entry.comparison ?? entry.id;
    const group = groups.get(name);
    if (group) group.push(entry);
    else groups.set(name, [entry]);
  }
  return [...groups.values()];
}

function Clear() {
  const [isAsked, setAsked] = useState(false);
  return html`<button
    type="button"
    class="quiet danger"
    onClick=${() => (isAsked ? void deleteEntries(entries.get().map(({ id }) => id)) : setAsked(true))}
    onBlur=${() => setAsked(false)}
  >
    ${isAsked ? texts.history.clearSure : texts.history.clear}
  </button>`;
}

interface ItemProps {
  readonly group: readonly HistoryEntry[];
  readonly isChosen: boolean;
}

/** Drawn anew only when one of its entries has changed. */
function Item({ group, isChosen }: ItemProps) {
  const state = group.map(({ id, status, thumbnail }) => `${id} ${status} ${thumbnail !== undefined}`).join();
  return useMemo(() => {
    const running = group.findLast(isUnfinished);
    const first = group.at(-1)!;
    const picture = group.findLast(({ thumbnail }) => thumbnail)?.thumbnail;
    const ids = group.map(({ id }) => id);
    const title = first.comparison === undefined ? undefined : texts.history.comparison(group.length);
    return html`<li class=${isChosen ? 'chosen' : ''}>
      <button class="open" type="button" aria-current=${isChosen} onClick=${() => chosen.set(first.id)}>
        <${BlobPicture} class="thumbnail" blob=${picture} alt="" />
        <span class="words">
          <span class="prompt">${first.body.prompt}</span>
          ${running ? html`<${Running} entry=${running} />` : html`<span class="hint">${title ?? summaryOf(first)}</span>`}
        </span>
      </button>
      <span class="buttons">
        ${
          running &&
          html`<button
            class="square"
            type="button"
            aria-label=${texts.stage.cancel}
            title=${texts.stage.cancel}
            onClick=${() => group.filter(isUnfinished).forEach(({ id }) => void cancelRequest(id))}
          >
            ■
          </button>`
        }
        <button
          class="square"
          type="button"
          aria-label=${texts.stage.remove}
          title=${texts.stage.remove}
          onClick=${() => deleteEntries(ids)}
        >
          ×
        </button>
      </span>
    </li>`;
  }, [isChosen, state]);
}

function summaryOf({ slug, body, status, result }: HistoryEntry): string {
  const kind = slug === 'sdxl-img2img' ? texts.modes.image : texts.modes.text;
  const took = result?.metrics.inference_time;
  return [
    kind,
    ...(body.style === undefined ? [] : [String(body.style)]),
    took === undefined ? texts.history.states[status] : texts.stage.took(took.toFixed(1)),
  ].join(' · ');
}

function Running({ entry }: { entry: HistoryEntry }) {
  const live = useStore(liveOf(entry.id));
  return html`<span class="running">
    <progress max="1" value=${shareDone(live) ?? 0} aria-hidden="true"></progress>
    <span class="hint">${stateText(entry, live)}</span>
  </span>`;
}

/** Up and down go through the list. */
function turn(event: TargetedKeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('.open')];
  const next = items[items.indexOf(document.activeElement as HTMLElement) + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
  next.click();
}
