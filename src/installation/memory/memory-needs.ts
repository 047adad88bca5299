import type { Checkpoint, Component } from '../../checkpoints/checkpoint.ts';
import { haveSameWeights } from '../../checkpoints/same-weights.ts';
import { arenaModel } from '../../networks/memory/arena-model.ts';
import {
  type GraphChoices,
  type NetworkRuns,
  textEncoderRuns,
  unetRuns,
  vaeRuns,
} from '../../networks/memory/network-runs.ts';
import { simulateRun } from '../../networks/memory/run-memory.ts';
import { cudaPlace } from '../../networks/memory/run-place.ts';
import { vaeGeometry } from '../../networks/networks.ts';
import { pictureTiling, spansOf, tilingInLatents } from '../../networks/vae-tiles.ts';
import { sum } from '../model-facts.ts';
import { isExported, type OpenedModel } from '../open-model.ts';
import type { MemoryPlan, MemoryUse, PlannedUse } from './memory-plans.ts';

/**
 * What CUDA takes for itself, of an H200 with CUDA 13 and cuDNN 9. What nvidia-smi showed there of a VAE
 * decoder alone, 4143 MiB in float16 and 7485 in float32, leaves 770 and 740 MiB beside its weights and an
 * arena that holds what its first run took (2000 and 4001 MiB by the rules used here) and a block of a memory
 * pattern as large as what was most in use (1280 and 2560). Cards with fewer kernels to load take less.
 */
const contextBytes = 820 * 2 ** 20;

/** For workspaces of cuBLAS and of convolutions, which are the libraries' choice: an assumption. */
const workspaceBytes = 512 * 2 ** 20;

export interface NeedOptions extends GraphChoices {
  /** Samples computed together, each with guidance. */
  readonly batch: number;
  /** Of the picture, in pixels; 1024 by default. */
  readonly side?: number;
}

type Kind = 'text' | 'unet' | 'vae';

interface Need extends NetworkRuns {
  readonly kind: Kind;
  readonly component: Component<unknown>;
  /** In place of `runs` where the VAE works on tiles. */
  readonly tiledRuns: NetworkRuns['runs'];
}

/** What networks need on a CUDA device: of checkpoints, each network of the same weights once. */
export interface MemoryNeeds {
  readonly needs: readonly Need[];
  /** Networks that were exported whole: what their files hold is all that is known of them. */
  readonly exportedBytes: number;
  readonly unets: number;
}

/** @throws as haveSameWeights, where files cannot be read. */
export async function memoryNeeds(
  models: readonly OpenedModel[],
  options: NeedOptions,
  exportedBytesOf: (model: OpenedModel) => number,
): Promise<MemoryNeeds> {
  const needs: Need[] = [];
  let exportedBytes = 0;
  let unets = 0;
  for (const model of models) {
    if (isExported(model)) {
      exportedBytes += exportedBytesOf(model);
      continue;
    }
    for (const need of needsOf(model, options))
      if (!(await isThere(need, needs))) {
        needs.push(need);
        if (need.kind === 'unet') unets++;
      }
  }
  return { needs, exportedBytes, unets };
}

async function isThere({ kind, component }: Need, needs: readonly Need[]): Promise<boolean> {
  for (const other of needs)
    if (other.kind === kind && (await haveSameWeights(other.component, component))) return true;
  return false;
}

/** In the order in which a picture passes them. */
function needsOf(
  { textEncoders, unet, vae, requiresAestheticsScore }: Checkpoint,
  options: NeedOptions,
): Need[] {
  const { batch, side = 1024 } = options;
  const { factor } = vaeGeometry(vae.config);
  const latentSide = Math.floor(side / factor);
  const { max_position_embeddings: tokens, projection_dim: pooledWidth } = textEncoders.at(-1)!.config;
  const need = (kind: Kind, component: Component<unknown>, whole: NetworkRuns, tiled = whole): Need => ({
    ...{ ...whole, kind, component, tiledRuns: tiled.runs },
  });
  const shape = {
    ...{ batch: 2 * batch, side: latentSide, tokens, pooledWidth },
    timeIdCount: requiresAestheticsScore ? 5 : 6,
  };
  const vaeOf = (size: number) => vaeRuns(vae, size, options);
  const tile = spansOf(latentSide, tilingInLatents(pictureTiling, factor))[0]!.length;
  return [
    ...textEncoders.map((each) => need('text', each, textEncoderRuns(each, options))),
    need('unet', unet, unetRuns(unet, shape, options)),
    need('vae', vae, vaeOf(latentSide), vaeOf(tile)),
  ];
}

/** What each plan takes for these needs. */
export function planUse(needs: MemoryNeeds, plans: readonly MemoryPlan[]): PlannedUse[] {
  return plans.map((plan) => ({ plan, use: useOf(needs, plan) }));
}

/** Bytes of the weights of the largest UNet, of those that are known. */
export function largestUnet({ needs }: Pick<MemoryNeeds, 'needs'>): number {
  return Math.max(0, ...needs.filter(({ kind }) => kind === 'unet').map(({ weights }) => weights));
}

function useOf({ needs, exportedBytes }: MemoryNeeds, plan: MemoryPlan): MemoryUse {
  const onDevice = needs.filter(({ kind }) => !(kind === 'text' && plan.textOnCpu));
  const arenaAfter = (order: readonly Need[]): number => {
    const arena = arenaModel();
    for (const { runs, tiledRuns } of order) {
      if (plan.trimsArena) arena.shrink();
      for (const run of plan.tilesVae ? tiledRuns : runs) simulateRun(arena, run, cudaPlace);
    }
    return arena.maxTotal;
  };
  const arena = arenaAfter(onDevice);
  const byKind = (['text', 'unet', 'vae'] as const).flatMap((kind) =>
    onDevice.filter((each) => each.kind === kind),
  );
  // What an arena holds that gives nothing back depends on the order in which networks were warmed up. Side
  // by side they are as they come, and it is most where all that need less have been before those that need
  // more.
  const loading = Math.max(0, arenaAfter(byKind) - arena);
  const bytes = (kind: Kind) => onDevice.filter((each) => each.kind === kind).map(({ weights }) => weights);
  const weights =
    exportedBytes +
    sum([...bytes('text'), ...bytes('vae')]) +
    (plan.exchangesUnets ? largestUnet({ needs }) : sum(bytes('unet')));
  const libraries = contextBytes + workspaceBytes;
  return { weights, arena, libraries, total: weights + arena + libraries, loading };
}
