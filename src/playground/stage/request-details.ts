import type { HistoryEntry } from '../history/history-entry.ts';
import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import type { Determinism } from '../parts/wire.ts';

/** Parameters, times and what decided the bits of a request's pictures. */
export function RequestDetails({ entry: { id, slug, body, result } }: { entry: HistoryEntry }) {
  const parameters = { ...body, ...(result && { seed: result.seed }) };
  return html`<details class="details">
    <summary>${texts.details.parameters}</summary>
    <${Facts} title=${`${slug}`} facts=${[...Object.entries(parameters), [texts.details.request, id]]} />
    ${result && html`<${Facts} title=${texts.details.times} facts=${timesOf(result.metrics)} />`}
    ${result?.determinism && html`<${Facts} title=${texts.details.determinism} facts=${origins(result.determinism)} />`}
  </details>`;
}

type Fact = readonly [string, unknown];

function Facts({ title, facts }: { title: string; facts: readonly Fact[] }) {
  return html`<h3>${title}</h3>
    <dl>
      ${facts.map(
        ([name, value]) => html`<div>
          <dt>${name}</dt>
          <dd>${factText(value)}</dd>
        </div>`,
      )}
    </dl>`;
}

/** A list, such as that of LoRAs, as what its members say. */
function factText(value: unknown): string {
  if (Array.isArray(value)) return value.map(factText).join(', ');
  return typeof value === 'object' && value !== null
    ? Object.values(value).map(factText).join(' ')
    : String(value);
}

function timesOf(metrics: Readonly<Record<string, number>>): Fact[] {
  return Object.entries(metrics).map(([name, value]) => [
    name,
    name.endsWith('_time') ? texts.stage.took(value.toFixed(2)) : value,
  ]);
}

function origins({ checkpoints, device, runtime, precision, rng, images }: Determinism): Fact[] {
  return [
    [texts.details.device, device],
    [texts.details.runtime, runtime],
    [texts.details.precision, precision],
    [texts.details.rng, rng],
    ...checkpoints.flatMap(({ name, weights }) =>
      Object.entries(weights).map(
        ([file, hash]): Fact => [
          `${texts.details.checkpoint} ${name}, ${file}`,
          hash ?? texts.details.hashing,
        ],
      ),
    ),
    ...images.map(({ seed, latent_sha256 }): Fact => [`${texts.details.latents}, ${seed}`, latent_sha256]),
  ];
}
