import { CheckpointError } from '../checkpoints/checkpoint-error.ts';
import { isJsonObject } from '../checkpoints/json-file.ts';
import type { ModelDefaults, ModelProfile } from '../contract/model-profile.ts';
import { composedName } from '../schedulers/samplers.ts';

/** A model that was distilled to few steps, and to how many; `few_step` in model.json. */
export interface FewStep {
  readonly kind: FewStepKind;
  /** What it was distilled for; the kind's usual number where nothing says it. */
  readonly steps: number;
}

/** How models of one kind are meant to be asked, from their cards. */
interface Card {
  readonly steps: number;
  readonly most: number;
  readonly guidanceScale: number;
  /** Published name, or sampler and schedule. */
  readonly scheduler: string;
  /** Keys of scheduler_config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Of the network for one step. */
  readonly oneStepConfig?: Readonly<Record<string, unknown>>;
  readonly side?: number;
}

const trailing = { timestep_spacing: 'trailing' };

/** Cards on Hugging Face, by repository. */
const cards = {
  /** ByteDance/SDXL-Lightning: EulerDiscreteScheduler, guidance 0; the one-step network predicts the sample. */
  lightning: {
    ...{ steps: 4, most: 8, guidanceScale: 0, scheduler: 'Euler', config: trailing },
    oneStepConfig: { prediction_type: 'sample' },
  },
  /** stabilityai/sdxl-turbo: EulerAncestralDiscreteScheduler, guidance 0, 512 x 512. */
  turbo: { steps: 1, most: 8, guidanceScale: 0, scheduler: 'Euler a', config: trailing, side: 512 },
  /** ByteDance/Hyper-SD: DDIMScheduler, guidance 0. */
  hyper: { steps: 4, most: 8, guidanceScale: 0, scheduler: 'DDIM', config: trailing },
  /** latent-consistency/lcm-lora-sdxl: LCMScheduler, guidance of at most 1 but for a UNet that is told of it. */
  lcm: {
    ...{ steps: 4, most: 16, guidanceScale: 1, scheduler: composedName('lcm', 'lcm'), config: {} },
  },
  /** h1t/TCD-SDXL-LoRA, and Hyper-SD's LoRA of one step: TCDScheduler, guidance 0. */
  tcd: { steps: 4, most: 50, guidanceScale: 0, scheduler: composedName('tcd', 'lcm'), config: {} },
  /** tianweiy/DMD2: LCMScheduler on the timesteps 999, 749, 499, 249, guidance 0. */
  dmd2: {
    ...{ steps: 4, most: 8, guidanceScale: 0, scheduler: composedName('lcm', 'simple'), config: {} },
  },
} as const satisfies Record<string, Card>;

export type FewStepKind = keyof typeof cards;

const fewStepKinds = Object.keys(cards) as readonly FewStepKind[];

/** latent-consistency/lcm-sdxl: the UNet that is told of the guidance scale, from 3 to 13. */
const toldGuidance = { guidanceScale: 8, ranges: [0, 25] } as const;

/**
 * What a manifest says under `few_step`: a kind, or kind and steps.
 * @throws CheckpointError naming the file, the key and the value.
 */
export function parseFewStep(value: unknown, file: string): FewStep | undefined {
  if (value === undefined) return undefined;
  const fail = (rule: string): never => {
    throw new CheckpointError(`${file}: few_step is ${JSON.stringify(value)}; ${rule}`);
  };
  const { kind, steps, ...others } = isJsonObject(value) ? value : { kind: value };
  if (Object.keys(others).length > 0) fail('its keys are kind and steps');
  const isKind = (name: unknown): name is FewStepKind => (fewStepKinds as readonly unknown[]).includes(name);
  if (!isKind(kind)) return fail(`its kind must be one of ${fewStepKinds.join(', ')}`);
  const card: Card = cards[kind];
  if (steps === undefined) return { kind, steps: card.steps };
  if (typeof steps !== 'number' || !Number.isInteger(steps) || steps < 1 || steps > card.most)
    return fail(`its steps must be an integer from 1 to ${card.most}`);
  return { kind, steps };
}

/** The keys of scheduler_config.json that its steps need. */
export function fewStepConfig({ kind, steps }: FewStep): Readonly<Record<string, unknown>> {
  const { config, oneStepConfig }: Card = cards[kind];
  return { ...config, ...(steps === 1 && oneStepConfig) };
}

/** @param isTold whether the UNet takes the guidance scale as an input, as the consistency models of LCM do. */
export function fewStepProfile({ kind, steps }: FewStep, isTold: boolean): ModelProfile {
  const card: Card = cards[kind];
  const { guidanceScale, ranges } = isTold
    ? toldGuidance
    : { guidanceScale: card.guidanceScale, ranges: [0, 25] as const };
  const defaults: ModelDefaults = {
    ...{ scheduler: card.scheduler, steps, guidanceScale },
    ...(card.side !== undefined && { width: card.side, height: card.side }),
  };
  return { defaults, ranges: { steps: [1, 100], guidanceScale: ranges } };
}
