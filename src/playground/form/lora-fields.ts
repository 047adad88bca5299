import type { TargetedEvent, TargetedKeyboardEvent } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import type { LoraChoice, Loras } from '../parts/wire.ts';
import { idOf } from './fields.ts';
import { type Schemas, shownValue } from './schemas.ts';
import { setValue } from './settings.ts';
import { chosenLoras, type Settings } from './values.ts';

interface LoraFieldsProps {
  readonly loras: Loras;
  readonly schemas: Schemas;
  readonly current: Settings;
}

/** LoRAs with their weights, found by name; nothing where the server has none. */
export function LoraFields({ loras: { data }, schemas, current }: LoraFieldsProps) {
  const chosen = chosenLoras(current);
  const name = useRef<HTMLInputElement>(null);
  const [trouble, setTrouble] = useState<string | undefined>(undefined);
  if (data.length === 0 && chosen.length === 0) return null;
  const most = schemas.loras?.maxItems ?? 8;
  const set = (next: readonly LoraChoice[]): void => setValue('loras', next);
  const others = data.filter((lora) => !chosen.some((each) => each.name === lora.name));

  const add = (): void => {
    const typed = name.current!.value.trim();
    if (typed === '') return;
    const found = others.find((lora) => lora.name.toLowerCase() === typed.toLowerCase());
    const isFull = chosen.length >= most;
    if (found === undefined || isFull) {
      setTrouble(isFull ? texts.loras.most(most) : texts.loras.unknown(typed));
      return;
    }
    set([...chosen, { name: found.name, weight: 1 }]);
    setTrouble(undefined);
    name.current!.value = '';
  };
  const onEnter = (event: TargetedKeyboardEvent<HTMLInputElement>): void => {
    if (event.key !== 'Enter' || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    add();
  };
  const removeAt = (place: number): void => {
    set(chosen.filter((_, index) => index !== place));
    name.current?.focus();
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
    <div class="add">
      <input
        ref=${name}
        type="text"
        list=${`${idOf('loras')}-names`}
        autocomplete="off"
        aria-label=${texts.loras.find}
        placeholder=${texts.loras.find}
        aria-invalid=${trouble !== undefined}
        onKeyDown=${onEnter}
        onInput=${() => setTrouble(undefined)}
      />
      <datalist id=${`${idOf('loras')}-names`}>
        ${others.map((lora) => html`<option value=${lora.name}></option>`)}
      </datalist>
      <button type="button" onClick=${add}>${texts.loras.add}</button>
    </div>
    ${trouble !== undefined && html`<p class="trouble" role="alert">${trouble}</p>`}
  </fieldset>`;
}

/** Words that a LoRA was trained with and the prompt does not have yet. */
function TriggerWords({ words, prompt }: { words: readonly string[]; prompt: string }) {
  const missing = words.filter((word) => !prompt.toLowerCase().includes(word.toLowerCase())).slice(0, 6);
  if (missing.length === 0) return null;
  const addWord = (word: string): void =>
    setValue('prompt', prompt.trim() === '' ? word : `${prompt.trimEnd()}, ${word}`);
  return html`<div class="chips">
    ${missing.map(
      (word) => html`<button
        type="button"
        class="chip"
        aria-label=${texts.loras.trigger(word)}
        onClick=${() => addWord(word)}
      >
        + ${word}
      </button>`,
    )}
  </div>`;
}
