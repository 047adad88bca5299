import { changeSettings, settings, setValue } from '../form/settings.ts';
import type { HistoryEntry } from '../history/history-entry.ts';
import { html } from '../parts/markup.ts';
import { offered } from '../parts/offered.ts';
import { useStore } from '../parts/store.ts';
import { texts } from '../parts/texts.ts';
import { sentenceOf } from './warnings.ts';

const shownExamples = 3;

/** What the server wants said about a picture, and where its checkpoint knows little, what it can draw. */
export function WarningNote({ entry: { slug, body, result } }: { entry: HistoryEntry }) {
  const capabilities = useStore(offered);
  const warnings = result?.warnings ?? [];
  if (warnings.length === 0) return undefined;
  const baseModel = body.base_model ?? capabilities?.fields['sdxl-img2img'].base_model?.default;
  const served = slug === 'sdxl-img2img' ? baseModel : 'sdxl-base';
  const known = capabilities?.known_words.find(({ name, serves }) => {
    return serves.includes(String(served)) && warnings.some((warning) => warning.includes(name));
  });
  return html`<aside class="note" aria-label=${texts.stage.notes}>
    ${known && html`<p><strong>${texts.demo.noteTitle}</strong></p>`}
    ${warnings.map((warning) => html`<p>${sentenceOf(warning)}</p>`)}
    ${
      known &&
      html`<p>${texts.demo.tryOne}</p>
        <div class="chips">
          ${known.examples.slice(0, shownExamples).map(
            (example) => html`<button type="button" class="chip" onClick=${() => takePrompt(example)}>
              ${example}
            </button>`,
          )}
        </div>`
    }
  </aside>`;
}

function takePrompt(prompt: string): void {
  if (settings.get().mode === 'image') changeSettings({ mode: 'text' });
  setValue('prompt', prompt);
  document.querySelector<HTMLElement>('textarea[name=prompt]')?.focus();
}
