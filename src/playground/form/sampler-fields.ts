import { html } from '../parts/markup.ts';
import { texts } from '../parts/texts.ts';
import type { FieldValue, Offered } from '../parts/wire.ts';
import { ChoiceField } from './fields.ts';
import { type Schemas, schedulesOf, shownValue } from './schemas.ts';
import { choose } from './settings.ts';
import { asksSampler, type Settings, usualSampler } from './values.ts';

interface Props {
  readonly offered: Offered;
  readonly schemas: Schemas;
  readonly current: Settings;
}

/** The published schedulers; where a sampler or a schedule is chosen, what these make stands above them. */
export function SchedulerField({ offered, schemas, current }: Props) {
  const schema = schemas.scheduler!;
  const isComposed = asksSampler(current);
  const part = (name: string) => String(shownValue(name, schemas, current));
  return html`<${ChoiceField}
    name="scheduler"
    label=${texts.form.scheduler}
    schema=${schema}
    value=${isComposed ? '' : part('scheduler')}
    names=${[...(isComposed ? [''] : []), ...(schema.enum ?? [])]}
    empty=${texts.form.composed(part('sampler') || usualSampler, part('schedule'))}
    onChange=${(scheduler: FieldValue) => {
      if (scheduler !== '') choose(offered, { scheduler, sampler: '', schedule: '' });
    }}
  />`;
}

/** Solver and spacing of the noise levels, each by its own name, in the place of a published scheduler. */
export function SamplerFields({ offered, schemas, current }: Props) {
  const field = (name: string) => ({
    ...{ name, schema: schemas[name]!, value: shownValue(name, schemas, current) },
  });
  const { value: schedule } = field('schedule');
  const chooseSampler = (sampler: FieldValue): void => {
    const isPossible = schedulesOf(offered, sampler).includes(String(schedule));
    choose(offered, { sampler, schedule: isPossible ? schedule : '' });
  };
  return html`
    <${ChoiceField}
      ...${field('sampler')}
      label=${texts.form.sampler}
      names=${['', ...(schemas.sampler?.enum ?? [])]}
      empty=${texts.form.samplerOfScheduler}
      onChange=${chooseSampler}
    />
    <${ChoiceField}
      ...${field('schedule')}
      label=${texts.form.schedule}
      names=${['', ...schedulesOf(offered, field('sampler').value)]}
      empty=${texts.form.scheduleUsual}
      onChange=${(chosen: FieldValue) => choose(offered, { schedule: chosen })}
    />
  `;
}
