import { takesCache } from '../../schedulers/caching/cache-kinds.ts';
import { schedulerNames } from '../../schedulers/registry.ts';
import { findSampler, samplerNames, schedulesOf } from '../../schedulers/samplers.ts';
import { namedSchedules, scheduleNames } from '../../schedulers/schedules/named-schedules.ts';
import { styleAliases, styleNames } from '../../text/styles.ts';
import { bodies } from '../bodies/bodies.ts';
import { rangesOf } from '../bodies/ranges.ts';
import { usualLambda } from '../bodies/sampler-fields.ts';
import { solverFieldsOf } from '../bodies/sampling-options.ts';
import { schedulerAliases } from '../names/scheduler-aliases.ts';
import type { ResponseBody } from '../openapi/response-schemas.ts';

/** Every accepted style with its other spellings. */
export function listStyles(): ResponseBody<'Styles'> {
  return {
    default: 'base',
    styles: styleNames.map((name) => ({
      name,
      aliases: Object.keys(styleAliases).filter((alias) => styleAliases[alias] === name && alias !== name),
    })),
  };
}

/**
 * Every accepted scheduler by endpoint, with other libraries' names that are taken too and what they mean
 * here.
 */
export function listSchedulers(): ResponseBody<'Schedulers'> {
  return {
    'sdxl-torch': {
      default: bodies['sdxl-torch'].shape.scheduler.def.defaultValue,
      schedulers: [...schedulerNames('sdxl-torch')],
      aliases: schedulerAliases['sdxl-torch'],
    },
    'sdxl-img2img': {
      default: bodies['sdxl-img2img'].shape.scheduler.def.defaultValue,
      schedulers: [...schedulerNames('sdxl-img2img')],
      aliases: schedulerAliases['sdxl-img2img'],
    },
  };
}

/** Every solver with the schedules it may be put on, its own first, and every schedule. */
export function listSamplers(): ResponseBody<'Samplers'> {
  const { steps, guidanceScale } = rangesOf('sdxl-torch', { sampler: true });
  return {
    samplers: samplerNames.map((name) => {
      const sampler = findSampler(name);
      const { method, noise, source, guidanceApart } = sampler;
      const [usual, ...others] = schedulesOf(name);
      const options = [...solverFieldsOf(sampler), ...(takesCache(sampler) ? ['cache'] : [])];
      return {
        ...{ name, method, noise, source, default_schedule: usual!, schedules: [usual!, ...others], options },
        ...(guidanceApart === true && { default_guidance_scale: usualLambda }),
      };
    }),
    schedules: scheduleNames.map((name) => ({ name, description: namedSchedules[name].description })),
    minimum: { num_inference_steps: steps.least, guidance_scale: guidanceScale.least },
  };
}
