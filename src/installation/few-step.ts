import { CheckpointError } from '../checkpoints/checkpoint-error.ts';
import { isJsonObject } from '../checkpoints/json-file.ts';
import { type FewStep, type FewStepKind, fewStepKinds, stepsOfKind } from '../contract/few-steps.ts';
import { releaseIn } from './known-releases.ts';

/** The first training timestep that a network of SDXL can begin at instead of the last, 999. */
const timesteps = { least: 1, most: 998 } as const;

/**
 * What a manifest says under `few_step`: a kind, or kind, steps and first timestep, or false where the file
 * only looks like one of few steps.
 * @returns undefined where nothing is said.
 * @throws CheckpointError naming the file, the key and the value.
 */
export function parseFewStep(value: unknown, file: string): FewStep | false | undefined {
  if (value === undefined || value === false) return value;
  const fail = (rule: string): never => {
    throw new CheckpointError(`${file}: few_step is ${JSON.stringify(value)}; ${rule}`);
  };
  const { kind, steps, first_timestep: first, ...others } = isJsonObject(value) ? value : { kind: value };
  if (Object.keys(others).length > 0) fail('its keys are kind, steps and first_timestep');
  const isKind = (name: unknown): name is FewStepKind => (fewStepKinds as readonly unknown[]).includes(name);
  if (!isKind(kind)) return fail(`its kind must be one of ${fewStepKinds.join(', ')}`);
  const { usual, most } = stepsOfKind(kind);
  const isWithin = (given: unknown, low: number, high: number): given is number =>
    typeof given === 'number' && Number.isInteger(given) && given >= low && given <= high;
  if (steps !== undefined && !isWithin(steps, 1, most))
    return fail(`its steps must be an integer from 1 to ${most}`);
  if (first === undefined) return { kind, steps: steps ?? usual };
  const { least, most: last } = timesteps;
  if (!isWithin(first, least, last))
    return fail(`its first_timestep must be an integer from ${least} to ${last}`);
  if (steps !== undefined && steps !== 1) fail('with a first_timestep its steps must be 1');
  return { kind, steps: 1, firstTimestep: first };
}

/** What of an opened model may show that it is one of few steps. */
interface Shown {
  readonly unet: {
    readonly config: { readonly time_cond_proj_dim: number | null };
    readonly metadata?: Readonly<Record<string, string>>;
  };
  readonly scheduler: Readonly<Record<string, unknown>>;
}

/**
 * That a model is one of few steps: as its manifest says, else as its files show: an LCM's UNet by its layer,
 * the scheduler by its class, a known release by the name in its metadata. Never by the name of a file.
 * @param said `few_step` of the manifest.
 * @throws CheckpointError as parseFewStep.
 */
export function fewStepOf(said: unknown, { unet, scheduler }: Shown, file: string): FewStep | undefined {
  const told = parseFewStep(said, file);
  if (told !== undefined) return told === false ? undefined : told;
  const kind = kindOfClass(scheduler._class_name);
  if (unet.config.time_cond_proj_dim !== null || kind === 'lcm') return usualOf('lcm');
  return kind ? usualOf(kind) : releaseIn(unet.metadata ?? {}, 'checkpoint');
}

const usualOf = (kind: FewStepKind): FewStep => ({ kind, steps: stepsOfKind(kind).usual });

function kindOfClass(name: unknown): FewStepKind | undefined {
  return name === 'LCMScheduler' ? 'lcm' : name === 'TCDScheduler' ? 'tcd' : undefined;
}
