import type { HistoryEntry, Live } from '../history/history-entry.ts';
import { cancelRequest, liveOf } from '../history/requests.ts';
import { html } from '../parts/markup.ts';
import { useStore } from '../parts/store.ts';
import { texts } from '../parts/texts.ts';
import { BlobPicture } from './blob-picture.ts';

/** A request that waits or runs: its place, its step, a preview, the time left. */
export function ProgressView({ entry }: { entry: HistoryEntry }) {
  const live = useStore(liveOf(entry.id));
  return html`<article class="outcome" aria-label=${String(entry.body.prompt)}>
    <div class="mat running">
      ${live.preview && html`<${BlobPicture} class="preview" blob=${live.preview} alt=${texts.stage.preview} />`}
      <div class="progress">
        <p>${stateText(entry, live)}</p>
        <progress max="1" value=${shareDone(live)} aria-label=${stateText(entry, live)}></progress>
      </div>
    </div>
    <p class="caption">${entry.body.prompt}</p>
    <div class="actions">
      <button type="button" onClick=${() => cancelRequest(entry.id)}>${texts.stage.cancel}</button>
    </div>
  </article>`;
}

/** 0 ... 1; undefined while it waits. */
export function shareDone({ progress }: Live): number | undefined {
  if (progress === undefined) return undefined;
  const { sample, samples, step, steps } = progress;
  return (sample * steps + step) / (samples * steps);
}

export function stateText({ status }: HistoryEntry, { position, progress, secondsLeft }: Live): string {
  if (status === 'QUEUED')
    return position === undefined ? texts.stage.waiting : texts.stage.position(position);
  if (progress === undefined) return texts.stage.starting;
  const { sample, samples, step, steps } = progress;
  return [
    texts.stage.step(step, steps),
    ...(samples > 1 ? [texts.stage.sample(sample + 1, samples)] : []),
    ...(secondsLeft === undefined ? [] : [texts.stage.left(Math.max(1, Math.round(secondsLeft)))]),
  ].join(', ');
}
