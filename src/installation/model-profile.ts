import path from 'node:path';
import { CheckpointError } from '../checkpoints/checkpoint-error.ts';
import { mostClipSkip } from '../checkpoints/configs/clip-skip.ts';
import { isJsonObject, type JsonObject } from '../checkpoints/json-file.ts';
import { manifestName } from '../checkpoints/manifest.ts';
import { sideRange } from '../contract/bodies/ranges.ts';
import { fewStepProfile } from '../contract/few-steps.ts';
import type { ModelDefaults, ModelProfile, ModelRanges, Span } from '../contract/model-profile.ts';
import { schedulerNames } from '../schedulers/registry.ts';
import { composedParts } from '../schedulers/samplers.ts';
import { fewStepOf } from './few-step.ts';
import type { InstalledModel } from './installation.ts';
import type { OpenedModel } from './open-model.ts';

/**
 * How a model is meant to be asked: what its model.json says (`defaults` and `ranges`, in the names of the
 * API's fields), and where it says nothing what models of few steps of its kind want (see fewStepOf).
 * @returns undefined where nothing is said.
 * @throws CheckpointError naming the file, the key and the value.
 */
export function profileOf(
  { manifest, directory }: InstalledModel,
  opened: OpenedModel,
): ModelProfile | undefined {
  const file = path.join(directory, manifestName);
  const isTold = opened.unet.config.time_cond_proj_dim !== null;
  const fewStep = fewStepOf(manifest?.fewStep, opened, file);
  const own = manifest?.profile === undefined ? undefined : parseProfile(manifest.profile, file);
  if (fewStep === undefined) return own;
  const usual = fewStepProfile(fewStep, isTold);
  const { imageToImageScheduler: _, ...either } = usual.defaults;
  return {
    // A scheduler of its own is meant for both endpoints.
    defaults: { ...(own?.defaults.scheduler === undefined ? usual.defaults : either), ...own?.defaults },
    ranges: { ...usual.ranges, ...own?.ranges },
  };
}

/** @param json what a manifest says under `defaults` and `ranges`. @throws as profileOf. */
export function parseProfile(json: JsonObject, file: string): ModelProfile {
  return {
    defaults: defaultsOf(reader(json, 'defaults', file)),
    ranges: rangesOf(reader(json, 'ranges', file)),
  };
}

interface Reader {
  /** The value of a key where it is there and as it must be. */
  read<Value>(key: string, expected: string, accepts: (value: unknown) => boolean): Value | undefined;
  /** @throws CheckpointError naming a key that nobody has read. */
  end(): void;
}

function reader(json: JsonObject, part: string, file: string): Reader {
  const object = json[part] ?? {};
  const fail = (key: string, value: unknown, problem: string): never => {
    throw new CheckpointError(`${file}: ${key} is ${JSON.stringify(value)}; ${problem}`);
  };
  if (!isJsonObject(object)) return fail(part, object, 'it must be an object');
  const known: string[] = [];
  return {
    read: <Value>(key: string, expected: string, accepts: (value: unknown) => boolean) => {
      known.push(key);
      const value = Object.hasOwn(object, key) ? object[key] : undefined;
      if (value === undefined) return undefined;
      return accepts(value) ? (value as Value) : fail(`${part}.${key}`, value, `it must be ${expected}`);
    },
    end: () => {
      const stranger = Object.keys(object).find((key) => !known.includes(key));
      if (stranger !== undefined)
        fail(`${part}.${stranger}`, object[stranger], `the keys of ${part} are ${known.join(', ')}`);
    },
  };
}

/** More steps than any schedule has a use for. */
const mostSteps = 1000;
const mostGuidance = 100;
const isWithin = (value: unknown, least: number, most: number) =>
  typeof value === 'number' && value >= least && value <= most;
const isSteps = (value: unknown) => Number.isInteger(value) && isWithin(value, 1, mostSteps);
const isGuidance = (value: unknown) => isWithin(value, 0, mostGuidance);

function defaultsOf({ read, end }: Reader): ModelDefaults {
  const { least, most, step } = sideRange;
  const names: readonly string[] = [...schedulerNames('sdxl-torch'), ...schedulerNames('sdxl-img2img')];
  const isName = (value: unknown) =>
    names.includes(value as string) || composedParts(value as string) !== undefined;
  const isSide = (value: unknown) => isWithin(value, least, most) && (value as number) % step === 0;
  const sides = `from ${least} to ${most} in steps of ${step}`;
  const defaults = {
    scheduler: read<string>(
      'scheduler',
      `one of ${[...new Set(names)].join(', ')}, or a sampler and a schedule such as "lcm simple"`,
      isName,
    ),
    steps: read<number>('num_inference_steps', `an integer from 1 to ${mostSteps}`, isSteps),
    guidanceScale: read<number>('guidance_scale', `a number from 0 to ${mostGuidance}`, isGuidance),
    width: read<number>('img_width', sides, isSide),
    height: read<number>('img_height', sides, isSide),
    negativePrompt: read<string>('negative_prompt', 'a text', (value) => typeof value === 'string'),
    clipSkip: read<number>(
      'clip_skip',
      `an integer from 0 to ${mostClipSkip}`,
      (value) => Number.isInteger(value) && isWithin(value, 0, mostClipSkip),
    ),
  };
  end();
  return withoutAbsent(defaults);
}

function rangesOf({ read, end }: Reader): ModelRanges {
  const isRange = (accepts: (value: unknown) => boolean) => (value: unknown) =>
    Array.isArray(value) && value.length === 2 && value.every(accepts) && value[0] <= value[1];
  const ranges = {
    steps: read<Span>('num_inference_steps', `[least, most] from 1 to ${mostSteps}`, isRange(isSteps)),
    guidanceScale: read<Span>(
      'guidance_scale',
      `[least, most] from 0 to ${mostGuidance}`,
      isRange(isGuidance),
    ),
  };
  end();
  return withoutAbsent(ranges);
}

type Given<Values> = { [Key in keyof Values]?: Exclude<Values[Key], undefined> };

function withoutAbsent<Values extends object>(values: Values): Given<Values> {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Given<Values>;
}
