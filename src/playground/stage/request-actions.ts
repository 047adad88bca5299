import { useState } from 'preact/hooks';
import { inputPicture } from '../form/input-picture.ts';
import { changeSettings, restoreSettings } from '../form/settings.ts';
import type { HistoryEntry } from '../history/history-entry.ts';
import { deleteEntries, picturesOf } from '../history/requests.ts';
import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import { CodeDialog } from './code-dialog.ts';
import { DownloadLink } from './picture-view.ts';

/** What can be done with a request that has ended. */
export function RequestActions({ entry, shown }: { entry: HistoryEntry; shown: number }) {
  const [showsCode, setShowsCode] = useState(false);
  const { id, slug, body, input, result } = entry;
  const seed = Number(result?.seed ?? body.seed ?? -1);

  const reuse = async (): Promise<void> => {
    restoreSettings(slug, body, seed);
    const { input: picture } = await picturesOf(id);
    if (input && picture) inputPicture.set({ ...input, picture });
  };
  const useAsInput = async (): Promise<void> => {
    const { outputs } = await picturesOf(id);
    const picture = outputs?.[shown];
    if (picture === undefined) return;
    changeSettings({ mode: 'image' });
    inputPicture.set({ name: result!.images[shown]!.file_name, picture });
  };
  return html`<div class="actions">
    <${DownloadLink} entry=${entry} shown=${shown} />
    <button type="button" onClick=${reuse}>${texts.stage.reuse}</button>
    <button type="button" onClick=${() => setShowsCode(true)}>${texts.stage.code}</button>
    ${result && html`<button type="button" onClick=${useAsInput}>${texts.stage.asInput}</button>`}
    <button type="button" class="danger" onClick=${() => deleteEntries([id])}>${texts.stage.remove}</button>
    ${showsCode && html`<${CodeDialog} entry=${entry} seed=${seed} onClose=${() => setShowsCode(false)} />`}
  </div>`;
}
