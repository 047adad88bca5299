import type { TargetedEvent } from 'preact';
import { html } from '../parts/markup.ts';
import type { FieldSchema, FieldValue } from '../parts/wire.ts';

/** Fields of the form by their kind: numbers, choices and switches. */

export interface FieldProps {
  /** The API's name. */
  readonly name: string;
  readonly label: string;
  readonly schema: FieldSchema;
  readonly value: FieldValue;
  readonly onChange: (value: FieldValue) => void;
}

export function idOf(name: string): string {
  return `field-${name}`;
}

/** A number with its slider. */
export function NumberField({ name, label, schema, value, onChange, step }: FieldProps & { step: number }) {
  const { minimum = 0, maximum = 1 } = schema;
  const change = ({ currentTarget }: TargetedEvent<HTMLInputElement>): void => {
    if (currentTarget.value !== '' && Number.isFinite(currentTarget.valueAsNumber))
      onChange(currentTarget.valueAsNumber);
  };
  const limits = { min: minimum, max: maximum, step, value };
  const share = `${((Number(value) - minimum) / (maximum - minimum)) * 100}%`;
  return html`<div class="field number">
    <label class="label" for=${idOf(name)}>${label}</label>
    <input class="digits" id=${idOf(name)} name=${name} type="number" ...${limits} onChange=${change} />
    <input
      class="slider"
      type="range"
      aria-label=${label}
      ...${limits}
      style=${{ '--share': share }}
      onInput=${change}
    />
  </div>`;
}

interface ChoiceProps extends FieldProps {
  readonly names: readonly string[];
  /** What is written for the empty value. */
  readonly empty?: string;
  readonly note?: string | undefined;
}

export function ChoiceField({ name, label, value, names, onChange, empty, note }: ChoiceProps) {
  return html`<div class="field choice">
    <label class="label" for=${idOf(name)}>${label}</label>
    <select
      id=${idOf(name)}
      name=${name}
      value=${value}
      aria-describedby=${note === undefined ? undefined : `${idOf(name)}-note`}
      onChange=${({ currentTarget }: TargetedEvent<HTMLSelectElement>) => onChange(currentTarget.value)}
    >
      ${names.map(
        (one) => html`<option value=${one} selected=${one === value}>${one === '' ? empty : one}</option>`,
      )}
    </select>
    ${note !== undefined && html`<p class="hint" id=${`${idOf(name)}-note`}>${note}</p>`}
  </div>`;
}

interface SwitchProps extends FieldProps {
  readonly disabled: boolean;
  readonly note: string | undefined;
}

export function SwitchField({ name, label, value, onChange, disabled, note }: SwitchProps) {
  return html`<div class="field switch">
    <label class="label" for=${idOf(name)}>${label}</label>
    <input
      id=${idOf(name)}
      name=${name}
      type="checkbox"
      role="switch"
      checked=${value === true && !disabled}
      disabled=${disabled}
      onChange=${({ currentTarget }: TargetedEvent<HTMLInputElement>) => onChange(currentTarget.checked)}
    />
    ${note !== undefined && html`<p class="hint">${note}</p>`}
  </div>`;
}
