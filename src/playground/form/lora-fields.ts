import type { TargetedEvent } from 'preact';
import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import type { LoraChoice, Offered } from '../parts/wire.ts';
import { idOf } from './fields.ts';
import { NameFinder } from './name-finder.ts';
import { type Schemas, shownValue } from './schemas.ts';
import { choose, setValue } from './settings.ts';
import { chosenLoras, type Settings, withWord } from './values.ts';

interface LoraFieldsProps {
  readonly offered: Offered;
  readonly schemas: Schemas;
  readonly current: Settings;
}

/** LoRAs with their weights, found by name; nothing where the server has none. */
export function LoraFields({ offered, schemas, current }: LoraFieldsProps) {
  const { data } = offered.loras;
  const chosen = chosenLoras(current);
  if (data.length === 0 && chosen.length === 0) return null;
  const most = schemas.loras?.maxItems ?? 8;
  const set = (next: readonly LoraChoice[]): void => choose(offered, { loras: next });
  const others = data.filter((lora) => !chosen.some((each) => each.name === lora.name));

  const add = (name: string): string | undefined => {
    if (chosen.length >= most) return texts.loras.most(most);
    set([...chosen, { name, weight: 1 }]);
    return undefined;
  };
  const removeAt = (place: number): void => {
    set(chosen.filter((_, index) => index !== place));
    document.getElementById(idOf('loras'))?.focus();
  };
  const prompt = String(shownValue('prompt', schemas, current));
  return html`<fieldset class="field loras">
    <legend class="label">${texts.loras.legend}</legend>
    ${
      chosen.length > 0 &&
      html`<ul>
        ${chosen.map(
          (lora, place) => html`<li key=${lora.name}>
            <span class="name" title=${lora.name}>${lora.name}</span>
            <input
              class="digits"
              type="number"
              min="-10"
              max="10"
              step="0.05"
              aria-label=${texts.loras.weight(lora.name)}
              value=${lora.weight}
              onChange=${({ currentTarget: { value, valueAsNumber } }: TargetedEvent<HTMLInputElement>) => {
                const weight = Math.min(10, Math.max(-10, valueAsNumber));
                if (value !== '') set(chosen.with(place, { ...lora, weight }));
              }}
            />
            <button
              type="button"
              class="square"
              aria-label=${texts.loras.remove(lora.name)}
              onClick=${() => removeAt(place)}
            >
              ×
            </button>
            <${TriggerWords}
              words=${data.find((each) => each.name === lora.name)?.trigger_words ?? []}
              prompt=${prompt}
            />
          </li>`,
        )}
      </ul>`
    }
    <${NameFinder}
      id=${idOf('loras')}
      label=${texts.loras.find}
      names=${others.map(({ name }) => name)}
      unknown=${texts.loras.unknown}
      actions=${[{ label: texts.loras.add, take: add }]}
    />
  </fieldset>`;
}

/** Words that a LoRA was trained with and the prompt does not have yet. */
function TriggerWords({ words, prompt }: { words: readonly string[]; prompt: string }) {
  const missing = words.filter((word) => !prompt.toLowerCase().includes(word.toLowerCase())).slice(0, 6);
  if (missing.length === 0) return null;
  return html`<div class="chips">
    ${missing.map(
      (word) => html`<button
        type="button"
        class="chip"
        aria-label=${texts.loras.trigger(word)}
        onClick=${() => setValue('prompt', withWord(prompt, word))}
      >
        + ${word}
      </button>`,
    )}
  </div>`;
}
