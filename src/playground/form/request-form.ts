import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../parts/markup.ts';
import { useStore } from '../parts/store.ts';
import { texts } from '../parts/texts.ts';
import type { FieldValue, Offered } from '../parts/wire.ts';
import { DemoIntroduction } from '../stage/demo-introduction.ts';
import { ComparisonFields } from './comparison-fields.ts';
import { EmbeddingFields } from './embedding-fields.ts';
import { ChoiceField, NumberField, SwitchField } from './fields.ts';
import { inputPicture } from './input-picture.ts';
import { LoraFields } from './lora-fields.ts';
import { ModelField } from './model-field.ts';
import { PictureInput } from './picture-input.ts';
import { PromptFields } from './prompt-fields.ts';
import { PromptLoras } from './prompt-loras.ts';
import { SamplerFields, SchedulerField } from './sampler-fields.ts';
import { schemasOf, shownValue, takesAdapters, takesCache } from './schemas.ts';
import { SeedField } from './seed-field.ts';
import { settings, setValue } from './settings.ts';
import { SizeField } from './size-field.ts';
import { StyleGallery } from './style-gallery.ts';
import { submitForm } from './submit-form.ts';
import { modelField } from './values.ts';

/** Everything a request may say, in the form of its mode. */
export function RequestForm({ capabilities }: { capabilities: Offered }) {
  const current = useStore(settings);
  const input = useStore(inputPicture);
  const [trouble, setTrouble] = useState<string | undefined>(undefined);
  const [sending, setSending] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const { mode } = current;
  const schemas = schemasOf(capabilities, current);
  const own = { offered: capabilities, schemas, current };
  const field = (name: string, label: string) => ({
    ...{ name, label, schema: schemas[name]!, value: shownValue(name, schemas, current) },
    onChange: (value: FieldValue) => setValue(name, value),
  });

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (sending) return;
    setSending(true);
    setTrouble(await submitForm(capabilities, settings.get(), input));
    setSending(false);
  };
  useEffect(() => setTrouble(undefined), [mode]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Enter' || event.repeat || !(event.ctrlKey || event.metaKey)) return;
      if (document.querySelector('dialog[open]') === null) form.current?.requestSubmit();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);

  const isText = mode !== 'image';
  const known = capabilities.known_words.find(({ serves }) =>
    serves.includes(String(shownValue(modelField(mode), schemas, current)) || 'sdxl-base'),
  );
  const cells = current.compared.schedulers.length * current.compared.steps.length;
  return html`<form
    id="request-form"
    role="tabpanel"
    aria-labelledby=${`mode-${mode}`}
    ref=${form}
    onSubmit=${submit}
    novalidate
  >
    ${mode === 'image' && html`<${PictureInput} most=${capabilities.image_bytes} />`}
    <${PromptFields} schemas=${schemas} current=${current} />
    ${takesAdapters(capabilities, current) && html`<${PromptLoras} ...${own} />`}
    ${known && html`<${DemoIntroduction} known=${known} />`}
    ${isText && html`<${StyleGallery} names=${capabilities.styles} chosen=${shownValue('style', schemas, current)} />`}
    <${ModelField} ...${own} />
    ${
      mode === 'compare'
        ? html`<${ComparisonFields} schemas=${schemas} compared=${current.compared} />`
        : html`<${SchedulerField} ...${own} />
            <${NumberField} ...${field('num_inference_steps', texts.form.steps)} step=${1} />`
    }
    ${mode === 'image' && html`<${NumberField} ...${field('strength', texts.form.strength)} step=${0.05} />`}
    <${NumberField} ...${field('guidance_scale', texts.form.guidance)} step=${0.5} />
    ${isText && html`<${SizeField} width=${field('img_width', texts.form.width)} height=${field('img_height', texts.form.height)} />`}
    <${SeedField} ...${field('seed', texts.form.seed)} locked=${current.seedLocked} />
    ${mode !== 'compare' && html`<${NumberField} ...${field('samples', texts.form.samples)} step=${1} />`}
    <details class="more">
      <summary>${texts.form.more}</summary>
      ${mode !== 'compare' && html`<${SamplerFields} ...${own} />`}
      ${
        takesCache(capabilities, current) &&
        html`<${ChoiceField} ...${field('cache', texts.form.cache)} names=${['', ...(schemas.cache?.properties?.name?.enum ?? [])]} empty=${texts.form.cacheOff} />`
      }
      ${
        takesAdapters(capabilities, current) &&
        html`<${LoraFields} offered=${capabilities} schemas=${schemas} current=${current} />
          <${EmbeddingFields} embeddings=${capabilities.embeddings} schemas=${schemas} current=${current} />`
      }
      <${NumberField} ...${field('clip_skip', texts.form.clipSkip)} step=${1} />
      ${
        isText &&
        html`<${SwitchField} ...${field('refiner', texts.form.refiner)} disabled=${!capabilities.refiner} note=${capabilities.refiner ? undefined : texts.form.refinerAbsent} />
          <${NumberField} ...${field('high_noise_fraction', texts.form.fraction)} step=${0.05} />`
      }
      <${ChoiceField} ...${field('output_format', texts.form.format)} names=${schemas.output_format!.enum} />
      <${ChoiceField} ...${field('rng', texts.form.rng)} names=${['', ...(schemas.rng!.enum ?? [])]} empty=${texts.form.rngDefault} />
    </details>
    <div class="send">
      ${trouble !== undefined && html`<p class="trouble" role="alert">${trouble}</p>`}
      <button class="primary" type="submit" disabled=${sending} title=${texts.form.shortcut}>
        ${mode === 'compare' ? texts.form.compare(cells) : texts.form.generate}
        <kbd>${texts.form.shortcut}</kbd>
      </button>
    </div>
  </form>`;
}
