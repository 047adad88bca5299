import type { TargetedEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { tokenize } from '../parts/api.ts';
import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import type { Tokenized } from '../parts/wire.ts';
import { warningsOfField } from '../stage/warnings.ts';
import { idOf } from './fields.ts';
import { type Schemas, shownValue } from './schemas.ts';
import { setValue } from './settings.ts';
import { endpointOf, modelField, type Settings } from './values.ts';

/** Counting waits until nobody has typed for this long. */
const pauseMs = 250;

/** Prompt and negative prompt, with their tokens counted as one types. */
export function PromptFields({ schemas, current }: { schemas: Schemas; current: Settings }) {
  const prompt = String(shownValue('prompt', schemas, current));
  const negative = String(shownValue('negative_prompt', schemas, current));
  const style =
    endpointOf(current.mode) === 'sdxl-torch' ? String(shownValue('style', schemas, current)) : 'base';
  const baseModel = String(shownValue(modelField(current.mode), schemas, current));
  const counted = useTokens(prompt, negative, style, baseModel);
  const warned = (field: string) => warningsOfField(counted?.warnings ?? [], field);
  return html`
    <${PromptField}
      name="prompt"
      label=${texts.form.prompt}
      placeholder=${texts.form.promptPlaceholder}
      rows=${3}
      value=${prompt}
      tokens=${counted?.prompt}
      chunk=${counted?.chunk_length}
      warnings=${warned('prompt')}
    />
    <${PromptField}
      name="negative_prompt"
      label=${texts.form.negative}
      placeholder=${texts.form.negativePlaceholder}
      rows=${1}
      value=${negative}
      tokens=${counted?.negative_prompt}
      chunk=${counted?.chunk_length}
      warnings=${warned('negative_prompt')}
    />
  `;
}

/** Tokens of both prompts inside their style; undefined until counted, and where the server refuses to. */
function useTokens(
  prompt: string,
  negative: string,
  style: string,
  baseModel: string,
): Tokenized | undefined {
  const [counted, setCounted] = useState<Tokenized | undefined>(undefined);
  useEffect(() => {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      const body = {
        prompt,
        negative_prompt: negative,
        style,
        ...(baseModel !== '' && { base_model: baseModel }),
      };
      tokenize(body, controller.signal).then(setCounted, () => {
        if (!controller.signal.aborted) setCounted(undefined);
      });
    }, pauseMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [prompt, negative, style, baseModel]);
  return counted;
}

interface PromptFieldProps {
  readonly name: string;
  readonly label: string;
  readonly placeholder: string;
  readonly rows: number;
  readonly value: string;
  readonly tokens: readonly number[] | undefined;
  readonly chunk: number | undefined;
  readonly warnings: readonly string[];
}

function PromptField(props: PromptFieldProps) {
  const { name, label, placeholder, rows, value, tokens = [], chunk = 75, warnings } = props;
  const isCounted = tokens.some((count) => count > 0);
  return html`<div class="field prompt">
    <label class="label" for=${idOf(name)}>${label}</label>
    <textarea
      id=${idOf(name)}
      name=${name}
      rows=${rows}
      placeholder=${placeholder}
      value=${value}
      aria-describedby=${`${idOf(name)}-tokens`}
      onInput=${({ currentTarget }: TargetedEvent<HTMLTextAreaElement>) => setValue(name, currentTarget.value)}
    ></textarea>
    <div class="tokens" id=${`${idOf(name)}-tokens`}>
      ${
        isCounted &&
        html`<span class="meters" aria-hidden="true">
            ${tokens.map((count) => html`<i style=${{ '--filled': `${(count / chunk) * 100}%` }}></i>`)}
          </span>
          <span>${texts.tokens.counted(tokens, chunk)}</span>`
      }
    </div>
    ${warnings.map((warning) => html`<p class="hint warned">${warning}</p>`)}
  </div>`;
}
