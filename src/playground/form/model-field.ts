import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import type { FieldValue, Offered } from '../parts/wire.ts';
import { ChoiceField } from './fields.ts';
import { type Schemas, shownValue } from './schemas.ts';
import { choose } from './settings.ts';
import { endpointOf, modelField, type Settings } from './values.ts';

interface ModelFieldProps {
  readonly offered: Offered;
  readonly schemas: Schemas;
  readonly current: Settings;
}

/** The checkpoint, where there is a choice; the form's defaults and ranges follow it. */
export function ModelField({ offered, schemas, current }: ModelFieldProps) {
  const name = modelField(current.mode);
  const isText = name === 'model';
  const value = String(shownValue(name, schemas, current));
  // The published name of text to image is what no choice means.
  const served = isText
    ? offered.models.filter(({ id }) => id !== endpointOf('text')).map(({ id }) => id)
    : offered.base_models;
  if (isText && served.length < 2 && value === '') return null;
  const isAway = value !== '' && offered.models.find(({ id }) => id === value)?.loaded === false;
  return html`<${ChoiceField}
    name=${name}
    label=${isText ? texts.form.model : texts.form.baseModel}
    schema=${schemas[name]}
    value=${value}
    names=${[...new Set([...(isText ? [''] : []), ...served, ...(value === '' ? [] : [value])])]}
    empty=${texts.form.modelDefault}
    note=${isAway ? texts.form.modelAway : undefined}
    onChange=${(chosen: FieldValue) => choose(offered, { [name]: chosen })}
  />`;
}
