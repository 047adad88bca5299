import type { TargetedEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { HistoryEntry } from '../history/history-entry.ts';
import { copyText } from '../parts/clipboard.ts';
import { html } from '../parts/markup.ts';
import { apiKey } from '../parts/session.ts';
import { texts } from '../parts/texts.ts';
import { codeOf, type Language, languages } from './code-samples.ts';

interface CodeDialogProps {
  readonly entry: HistoryEntry;
  /** The seed it ran with; below 0 where it never ran. */
  readonly seed: number;
  readonly onClose: () => void;
}

const placeholderKey = 'YOUR_KEY';

/** The exact request as curl, Python and JavaScript. */
export function CodeDialog({ entry, seed, onClose }: CodeDialogProps) {
  const { slug, body, input } = entry;
  const [language, setLanguage] = useState<Language>('curl');
  const [withKey, setWithKey] = useState(true);
  const [isCopied, setCopied] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => setCopied(false), [language, withKey]);

  const key = apiKey.get();
  const code = codeOf(language, {
    ...{ slug, base: new URL('.', document.baseURI).href.replace(/\/$/, '') },
    key: key === undefined || withKey ? key : placeholderKey,
    body: {
      ...body,
      ...(seed >= 0 && { seed }),
      ...(input?.url !== undefined && { image: input.url }),
    },
    ...(input && input.url === undefined && { file: input.name }),
  });
  return html`<dialog ref=${dialog} class="code" aria-labelledby="code-title" onClose=${onClose}>
    <header>
      <h2 id="code-title">${texts.code.title}</h2>
      <button type="button" class="square" aria-label=${texts.code.close} onClick=${() => dialog.current?.close()}>
        ×
      </button>
    </header>
    <div class="bar">
      <div class="modes" role="group">
        ${languages.map(
          (
            one,
          ) => html`<button type="button" aria-pressed=${one === language} onClick=${() => setLanguage(one)}>
            ${one}
          </button>`,
        )}
      </div>
      ${
        key !== undefined &&
        html`<label class="with-key">
          <input
            type="checkbox"
            checked=${withKey}
            onChange=${({ currentTarget }: TargetedEvent<HTMLInputElement>) => setWithKey(currentTarget.checked)}
          />
          ${texts.code.withKey}
        </label>`
      }
      <button type="button" class="primary" onClick=${async () => setCopied(await copyText(code))}>
        ${isCopied ? texts.code.copied : texts.code.copy}
      </button>
    </div>
    <pre tabindex="0"><code>${code}</code></pre>
    ${Number(body.samples ?? 1) > 1 && html`<p class="hint">${texts.code.firstOnly}</p>`}
  </dialog>`;
}
