import type { TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';

interface BeforeAfterProps {
  readonly before: string;
  readonly after: string;
  readonly alt: string;
}

/** Two pictures on each other with a border that can be moved, by pointer or arrow keys. */
export function BeforeAfter({ before, after, alt }: BeforeAfterProps) {
  const [share, setShare] = useState(50);
  return html`<div class="before-after" style=${{ '--share': `${share}%` }}>
    <img class="picture" src=${after} alt=${alt} />
    <img class="before" src=${before} alt=${texts.stage.before} />
    <span class="border" aria-hidden="true"></span>
    <span class="tag left" aria-hidden="true">${texts.stage.before}</span>
    <span class="tag right" aria-hidden="true">${texts.stage.after}</span>
    <input
      type="range"
      min="0"
      max="100"
      value=${share}
      aria-label=${texts.stage.beforeAfter}
      onInput=${({ currentTarget }: TargetedEvent<HTMLInputElement>) => setShare(currentTarget.valueAsNumber)}
    />
  </div>`;
}
