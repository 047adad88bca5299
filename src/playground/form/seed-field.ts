import type { TargetedEvent } from 'preact';
import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import { type FieldProps, idOf } from './fields.ts';
import { changeSettings, drawSeed } from './settings.ts';

/** A seed that is kept, or drawn anew by the server for every request. */
export function SeedField({
  name,
  label,
  schema,
  value,
  onChange,
  locked,
}: FieldProps & { locked: boolean }) {
  const keep = (seed: number): void => {
    onChange(seed);
    changeSettings({ seedLocked: true });
  };
  const write = ({ currentTarget }: TargetedEvent<HTMLInputElement>): void => {
    const seed = currentTarget.valueAsNumber;
    if (Number.isSafeInteger(seed) && seed >= 0) keep(Math.min(seed, schema.maximum ?? seed));
    else changeSettings({ seedLocked: false });
  };
  const toggle = (): void => {
    if (locked) changeSettings({ seedLocked: false });
    else keep(Number(value) >= 0 ? Number(value) : drawSeed());
  };
  return html`<div class="field seed">
    <label class="label" for=${idOf(name)}>${label}</label>
    <input
      class="digits"
      id=${idOf(name)}
      name=${name}
      type="number"
      min="0"
      max=${schema.maximum}
      step="1"
      placeholder=${texts.form.seedRandom}
      value=${locked ? value : ''}
      onChange=${write}
    />
    <button class="square" type="button" aria-label=${texts.form.seedDice} title=${texts.form.seedDice} onClick=${() => keep(drawSeed())}>
      ⚄
    </button>
    <button
      class="square"
      type="button"
      aria-pressed=${locked}
      aria-label=${texts.form.seedLock}
      title=${locked ? texts.form.seedUnlock : texts.form.seedLock}
      onClick=${toggle}
    >
      <span class=${locked ? 'lock closed' : 'lock'}></span>
    </button>
  </div>`;
}
