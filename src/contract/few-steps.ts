import { composedName, composedParts, type SamplerName } from '../schedulers/samplers.ts';
import type { ScheduleName } from '../schedulers/schedules/named-schedules.ts';
import type { ModelDefaults, ModelProfile } from './model-profile.ts';

/** A network that was distilled to few steps, or a LoRA that makes one of a checkpoint. */
export interface FewStep {
  readonly kind: FewStepKind;
  /** What it was distilled for; the kind's usual number where nothing says it. */
  readonly steps: number;
  /** Where its run begins, below the last training timestep; of networks of one step. */
  readonly firstTimestep?: number;
}

/** How the noise of such a network is other than its checkpoint says. */
export interface FewStepNoise {
  readonly timestepSpacing?: 'trailing';
  readonly predictionType?: 'sample';
  readonly firstTimestep?: number;
}

/** How networks of one kind are meant to be asked, from their cards. */
interface Card {
  readonly steps: number;
  readonly most: number;
  readonly guidanceScale: number;
  readonly sampler: SamplerName;
  readonly schedule: ScheduleName;
  /** The published scheduler of text to image that is the same with trailing timesteps. */
  readonly published?: string;
  /** Of the network for one step. */
  readonly oneStepPrediction?: 'sample';
  readonly side?: number;
}

/** Cards on Hugging Face, by repository. The schedule `turbo` has the timesteps of diffusers' `trailing`. */
const cards = {
  /**
   * ByteDance/SDXL-Lightning: EulerDiscreteScheduler, guidance 0; the one-step network predicts the sample.
   */
  lightning: {
    ...{ steps: 4, most: 8, guidanceScale: 0, sampler: 'euler', schedule: 'turbo', published: 'Euler' },
    oneStepPrediction: 'sample',
  },
  /** stabilityai/sdxl-turbo: EulerAncestralDiscreteScheduler, guidance 0, 512 x 512. */
  turbo: {
    ...{ steps: 1, most: 8, guidanceScale: 0, sampler: 'euler_ancestral', schedule: 'turbo' },
    ...{ published: 'Euler a', side: 512 },
  },
  /** ByteDance/Hyper-SD: DDIMScheduler, guidance 0. */
  hyper: { steps: 4, most: 8, guidanceScale: 0, sampler: 'ddim', schedule: 'turbo', published: 'DDIM' },
  /**
   * latent-consistency/lcm-lora-sdxl: LCMScheduler, guidance of at most 1 but for a UNet that is told of it.
   */
  lcm: { steps: 4, most: 16, guidanceScale: 1, sampler: 'lcm', schedule: 'lcm' },
  /** h1t/TCD-SDXL-LoRA, and Hyper-SD's LoRA of one step: TCDScheduler, guidance 0. */
  tcd: { steps: 4, most: 50, guidanceScale: 0, sampler: 'tcd', schedule: 'lcm' },
  /** tianweiy/DMD2: LCMScheduler on the timesteps 999, 749, 499, 249, guidance 0. */
  dmd2: { steps: 4, most: 8, guidanceScale: 0, sampler: 'lcm', schedule: 'simple' },
} as const satisfies Record<string, Card>;

/**
 * Networks of one step that begin at a timestep of their own are walked by LCMScheduler, whatever their kind:
 * ByteDance/Hyper-SD's UNet at 800, tianweiy/DMD2's at 399.
 */
const beginningLower = { sampler: 'lcm', schedule: 'simple' } as const;

export type FewStepKind = keyof typeof cards;

export const fewStepKinds = Object.keys(cards) as [FewStepKind, ...FewStepKind[]];

/** latent-consistency/lcm-sdxl: the UNet that is told of the guidance scale, from 3 to 13. */
const toldGuidance = { guidanceScale: 8, ranges: [0, 25] } as const;

/** The numbers of steps of a kind: what its card shows first, and the most that it was published for. */
export function stepsOfKind(kind: FewStepKind): { readonly usual: number; readonly most: number } {
  return { usual: cards[kind].steps, most: cards[kind].most };
}

/** What its steps need of the noise. */
export function fewStepNoise({ kind, steps, firstTimestep }: FewStep): FewStepNoise {
  const { schedule, oneStepPrediction }: Card = cards[kind];
  if (firstTimestep !== undefined) return { firstTimestep };
  return {
    ...(schedule === 'turbo' && { timestepSpacing: 'trailing' }),
    ...(steps === 1 && oneStepPrediction && { predictionType: oneStepPrediction }),
  };
}

/** The same as keys of scheduler_config.json, and `first_timestep`, which diffusers has no key for. */
export function fewStepConfig(fewStep: FewStep): Readonly<Record<string, unknown>> {
  const { timestepSpacing, predictionType, firstTimestep } = fewStepNoise(fewStep);
  return {
    ...(timestepSpacing && { timestep_spacing: timestepSpacing }),
    ...(predictionType && { prediction_type: predictionType }),
    ...(firstTimestep !== undefined && { first_timestep: firstTimestep }),
  };
}

/**
 * @param isTold whether the UNet takes the guidance scale as an input, as the consistency models of LCM do.
 */
export function fewStepProfile({ kind, steps, firstTimestep }: FewStep, isTold = false): ModelProfile {
  const card: Card = cards[kind];
  const { guidanceScale, ranges } = isTold
    ? toldGuidance
    : { guidanceScale: card.guidanceScale, ranges: [0, 25] as const };
  const { sampler, schedule } = firstTimestep === undefined ? card : beginningLower;
  const composed = composedName(sampler, schedule);
  const published = firstTimestep === undefined ? card.published : undefined;
  const defaults: ModelDefaults = {
    ...{ scheduler: published ?? composed, steps, guidanceScale },
    ...(published !== undefined && { imageToImageScheduler: composed }),
    ...(card.side !== undefined && { width: card.side, height: card.side }),
  };
  return { defaults, ranges: { steps: [1, 100], guidanceScale: ranges } };
}

/**
 * Sampler and schedule that a profile leads to, for a request that names one of the two; undefined without.
 */
export function usualParts({
  defaults: { scheduler = '', imageToImageScheduler = scheduler },
}: ModelProfile): readonly [SamplerName, ScheduleName] | undefined {
  return composedParts(imageToImageScheduler);
}

/** A profile with what a few-step LoRA of the request wants in its place; sizes stay the model's. */
export function withLoraProfile(
  { defaults, ranges }: ModelProfile,
  { defaults: { width: _, height: __, ...wanted }, ranges: allowed }: ModelProfile,
): ModelProfile {
  const { imageToImageScheduler: ___, scheduler: ____, ...own } = defaults;
  return { defaults: { ...own, ...wanted }, ranges: { ...ranges, ...allowed } };
}
