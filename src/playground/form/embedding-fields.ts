import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import type { Adapters } from '../parts/wire.ts';
import { idOf } from './fields.ts';
import { NameFinder } from './name-finder.ts';
import { type Schemas, shownValue } from './schemas.ts';
import { setValue } from './settings.ts';
import { type Settings, withWord } from './values.ts';

interface EmbeddingFieldsProps {
  readonly embeddings: Adapters;
  readonly schemas: Schemas;
  readonly current: Settings;
}

/** Embeddings by their names, which are words of the prompts; nothing where the server has none. */
export function EmbeddingFields({ embeddings: { data }, schemas, current }: EmbeddingFieldsProps) {
  if (data.length === 0) return null;
  const into = (field: string) => (name: string) =>
    setValue(field, withWord(String(shownValue(field, schemas, current)), name));
  return html`<fieldset class="field">
    <legend class="label">${texts.embeddings.legend}</legend>
    <${NameFinder}
      id=${idOf('embeddings')}
      label=${texts.embeddings.find}
      names=${data.map(({ name }) => name)}
      unknown=${texts.embeddings.unknown}
      actions=${[
        { label: texts.embeddings.toPrompt, take: into('prompt') },
        { label: texts.embeddings.toNegative, take: into('negative_prompt') },
      ]}
    />
  </fieldset>`;
}
