import { useState } from 'preact/hooks';
import { setValue } from '../form/settings.ts';
import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import type { KnownWords } from '../parts/wire.ts';

const shownAtOnce = 3;

/** What a checkpoint of limited knowledge can draw, as prompts to click. */
export function DemoIntroduction({ known: { name, note, words, examples } }: { known: KnownWords }) {
  const [from, setFrom] = useState(0);
  const shown = Array.from(
    { length: Math.min(shownAtOnce, examples.length) },
    (_, index) => examples[(from + index) % examples.length]!,
  );
  return html`<section class="demo" aria-label=${texts.demo.title(name)}>
    <p class="hint"><strong>${texts.demo.title(name)}.</strong> ${texts.demo.lead}</p>
    <div class="chips">
      ${shown.map(
        (example) => html`<button type="button" class="chip" onClick=${() => setValue('prompt', example)}>
          ${example}
        </button>`,
      )}
      <button
        type="button"
        class="chip other"
        aria-label=${texts.demo.another}
        title=${texts.demo.another}
        onClick=${() => setFrom((from + shownAtOnce) % examples.length)}
      >
        ↻
      </button>
    </div>
    <details>
      <summary>${texts.demo.words}</summary>
      <p class="hint">${words.join(', ')}.</p>
      <p class="hint">${name}: ${note}.</p>
    </details>
  </section>`;
}
