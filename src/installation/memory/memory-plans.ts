/** What of a worker's networks lies on its device, and when. */
export interface MemoryPlan {
  readonly name: 'resident' | 'exchanged' | 'text-on-cpu' | 'tiled-vae';
  /** One UNet's weights are there at a time; another's are copied in their place when its turn comes. */
  readonly exchangesUnets: boolean;
  /** Text encoders compute on the CPU, in float32. */
  readonly textOnCpu: boolean;
  /** What a network computed in goes back to the device before another one computes. */
  readonly trimsArena: boolean;
  /** The VAE works on overlapping tiles, see networks/vae-tiles.ts. */
  readonly tilesVae: boolean;
  readonly what: string;
  /** Against the roomiest. */
  readonly cost: string;
}

/** From the roomiest to the smallest; each does what those before it do, and more. */
export const memoryPlans: readonly MemoryPlan[] = [
  {
    ...{ name: 'resident', exchangesUnets: false, trimsArena: false, textOnCpu: false, tilesVae: false },
    what: 'all networks stay on the device',
    cost: 'nothing',
  },
  {
    ...{ name: 'exchanged', exchangesUnets: true, trimsArena: true, textOnCpu: false, tilesVae: false },
    what: 'one UNet on the device at a time, base and refiner in turn',
    cost: 'weights are copied to the device whenever another UNet is needed: twice in a picture with refiner',
  },
  {
    ...{ name: 'text-on-cpu', exchangesUnets: true, trimsArena: true, textOnCpu: true, tilesVae: false },
    what: 'text encoders on the CPU too, in float32',
    cost: 'a new prompt is encoded by the CPU, whose memory holds 3.3 GB more',
  },
  {
    ...{ name: 'tiled-vae', exchangesUnets: true, trimsArena: true, textOnCpu: true, tilesVae: true },
    what: 'pictures above 640 x 640 decoded in overlapping tiles too',
    cost: '1.6 times the time to decode, and pixels that differ a little from a whole decode',
  },
];

/** Most that may be taken of a device: so many bytes, or that share of all it has. */
export type MemoryLimit = { readonly bytes: number } | { readonly share: number };

/** What a plan takes of a device, in bytes. */
export interface MemoryUse {
  readonly weights: number;
  /** What runs compute in, of all networks on the device together. */
  readonly arena: number;
  /** CUDA's own: context, kernels, handles and workspaces of cuBLAS and cuDNN. */
  readonly libraries: number;
  readonly total: number;
  /** What it takes beside that where networks are loaded at the same time. */
  readonly loading: number;
}

export interface PlannedUse {
  readonly plan: MemoryPlan;
  readonly use: MemoryUse;
}

export interface ChosenPlan extends PlannedUse {
  /** False where even the smallest plan takes more than there is. */
  readonly fits: boolean;
}

/** The first plan that takes no more than is available, or else the smallest. */
export function choosePlan(planned: readonly PlannedUse[], available: number): ChosenPlan {
  const found = planned.find(({ use }) => use.total <= available);
  return found === undefined ? { ...planned.at(-1)!, fits: false } : { ...found, fits: true };
}

/**
 * Most that the arena may take where all together may take so much: what the plan for that leaves beside
 * weights and libraries, and no less than the plan is estimated to need.
 */
export function arenaLimit(planned: readonly PlannedUse[], most: number): number {
  const { use } = choosePlan(planned, most);
  return Math.max(use.arena, Math.floor(most - use.weights - use.libraries));
}

/** Plans that differ for what is loaded, without those that an operator does not want. */
export function plansFor(unets: number, vaeTiling: 'auto' | 'on' | 'off'): readonly MemoryPlan[] {
  return memoryPlans
    .filter(({ name, tilesVae }) => (name !== 'exchanged' || unets > 1) && !(tilesVae && vaeTiling === 'off'))
    .map((plan) => (vaeTiling === 'on' ? { ...plan, tilesVae: true } : plan))
    .filter(({ name }) => vaeTiling !== 'on' || name !== 'tiled-vae');
}

/** Whether a plan leaves more on the device than another. */
export function isRoomier(plan: MemoryPlan, other: MemoryPlan): boolean {
  const place = ({ name }: MemoryPlan) => memoryPlans.findIndex((each) => each.name === name);
  return place(plan) < place(other);
}
