import { schedulerNames } from '../schedulers/registry.ts';
import { styleAliases, styleNames } from '../text/styles.ts';
import { bodies } from './bodies.ts';
import type { Endpoint } from './generation.ts';

/** Every accepted style with its other spellings. */
export function listStyles() {
  return {
    default: 'base',
    styles: styleNames.map((name) => ({
      name,
      aliases: Object.keys(styleAliases).filter((alias) => styleAliases[alias] === name && alias !== name),
    })),
  };
}

/** Every accepted scheduler by endpoint. */
export function listSchedulers(): Record<Endpoint, { default: string; schedulers: readonly string[] }> {
  return {
    'sdxl-torch': {
      default: bodies['sdxl-torch'].shape.scheduler.def.defaultValue,
      schedulers: schedulerNames('sdxl-torch'),
    },
    'sdxl-img2img': {
      default: bodies['sdxl-img2img'].shape.scheduler.def.defaultValue,
      schedulers: schedulerNames('sdxl-img2img'),
    },
  };
}
