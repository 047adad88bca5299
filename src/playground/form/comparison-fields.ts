import type { TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import { parseSteps } from './comparison.ts';
import type { Schemas } from './schemas.ts';
import { changeSettings } from './settings.ts';
import type { Settings } from './values.ts';

interface ComparisonFieldsProps {
  readonly schemas: Schemas;
  readonly compared: Settings['compared'];
}

/** Rows and columns of a comparison. */
export function ComparisonFields({ schemas, compared }: ComparisonFieldsProps) {
  const { minimum = 20, maximum = 100 } = schemas.num_inference_steps!;
  const [text, setText] = useState(compared.steps.join(', '));
  const isWrong = parseSteps(text, minimum, maximum) === undefined;
  const toggle = (name: string): void => {
    const { schedulers } = compared;
    const next = schedulers.includes(name) ? schedulers.filter((one) => one !== name) : [...schedulers, name];
    changeSettings({ compared: { ...compared, schedulers: next } });
  };
  const write = ({ currentTarget }: TargetedEvent<HTMLInputElement>): void => {
    setText(currentTarget.value);
    const steps = parseSteps(currentTarget.value, minimum, maximum);
    if (steps) changeSettings({ compared: { ...compared, steps } });
  };
  return html`
    <fieldset class="field">
      <legend class="label">${texts.comparison.schedulers}</legend>
      <div class="chips">
        ${schemas.scheduler!.enum?.map(
          (name) => html`<button
            type="button"
            class="chip"
            aria-pressed=${compared.schedulers.includes(name)}
            onClick=${() => toggle(name)}
          >
            ${name}
          </button>`,
        )}
      </div>
    </fieldset>
    <div class="field steps">
      <label class="label" for="compared-steps">${texts.comparison.steps}</label>
      <input
        id="compared-steps"
        type="text"
        inputmode="numeric"
        value=${text}
        aria-invalid=${isWrong}
        aria-describedby="compared-steps-hint"
        onInput=${write}
      />
      <p class=${isWrong ? 'trouble' : 'hint'} id="compared-steps-hint">
        ${texts.comparison.stepsWrong(minimum, maximum)}
      </p>
    </div>
  `;
}
