import type { MemoryReport } from '../../contract/answers/memory-report.ts';
import { type CudaArena, openCudaArena } from '../../networks/runtime/cuda/cuda-arena.ts';
import { cudaDeviceMemory } from '../../networks/runtime/cuda/cuda-devices.ts';
import type { CudaOptions } from '../../networks/runtime/cuda/cuda-options.ts';
import { cudaWeights } from '../../networks/runtime/cuda/cuda-weights.ts';
import { cudaIndex, type Device } from '../../networks/runtime/device.ts';
import { createWeightCopier } from '../../networks/runtime/weights/copy-weights.ts';
import { createSharedWeights } from '../../networks/runtime/weights/shared-weights.ts';
import { createWeightSeat } from '../../networks/runtime/weights/weight-seat.ts';
import type { InstalledModel } from '../installation.ts';
import { loadedBytes, sum } from '../model-facts.ts';
import { openUnmerged } from '../open-model.ts';
import { createDeviceLayout, type DeviceLayout, type LayoutOptions } from './device-layout.ts';
import { largestUnet, memoryNeeds, type NeedOptions, planUse } from './memory-needs.ts';
import {
  arenaLimit,
  choosePlan,
  type MemoryLimit,
  type MemoryPlan,
  type PlannedUse,
  plansFor,
} from './memory-plans.ts';

export interface PlanningOptions extends Omit<NeedOptions, 'encodes'> {
  readonly device: Device;
  readonly vaeTiling: 'auto' | 'on' | 'off';
  readonly limit?: MemoryLimit | undefined;
}

export interface PlannedDevice {
  readonly layout: DeviceLayout;
  /** Of the present plan, which may have become a smaller one. */
  report(): MemoryReport;
  /** Gives back to the device what nothing uses. */
  trim(): Promise<void>;
}

/** What a context that has computed nothing yet has taken: an assumption. */
const bareContextBytes = 300 * 2 ** 20;

/**
 * Looks at what a device has free and chooses how these models are held there. Elsewhere than on CUDA all
 * stay, as long as memory lasts.
 * @param serves names that requests may ask for.
 * @throws RuntimeError where the device cannot be used.
 */
export async function planDevice(
  models: readonly InstalledModel[],
  options: PlanningOptions,
  encodes: boolean,
): Promise<PlannedDevice> {
  const { device, vaeTiling } = options;
  const index = cudaIndex(device);
  if (index === undefined) {
    const plans = plansFor(models.length, vaeTiling).filter(({ name }) => name !== 'text-on-cpu');
    // What cannot be opened is told when it is loaded.
    const loadsTogether = device === 'cpu' && (await hasRoomToLoad(models).catch(() => false));
    const how = loadsTogether ? ', loaded side by side' : '';
    const why = `${device}: everything, as long as memory lasts${how}`;
    return planned(plans, why, { device, loadsTogether });
  }
  const estimating = estimated(models, options, encodes).catch((error: Error) => error);
  const most = options.limit && mostBytes(index, options.limit);
  const limitOf = (known: Awaited<typeof estimating>): CudaOptions =>
    most === undefined || known instanceof Error ? {} : { memoryLimit: arenaLimit(known.uses, most) };
  // The first session of a device says what all may take; without a limit it comes while others are compared.
  const arena = await openCudaArena(index, most === undefined ? {} : limitOf(await estimating));
  const estimates = await estimating;
  const { trim } = arena;
  const copier = createWeightCopier(cudaWeights(index));
  const weights = createSharedWeights(copier);
  if (estimates instanceof Error) {
    const why = `${device}: what its networks take cannot be estimated (${estimates.message})`;
    const seat = createWeightSeat(copier);
    return planned(plansFor(models.length, vaeTiling), why, { device, trim, weights, seat });
  }
  const { uses, largestUnet } = estimates;
  const seat = createWeightSeat(copier, largestUnet);
  const { available, why } = availableOf(arena, most);
  const chosen = choosePlan(uses, available);
  const plans = uses.slice(uses.findIndex(({ plan }) => plan === chosen.plan));
  const roomier =
    uses[0]!.plan === chosen.plan
      ? ''
      : `; ${uses[0]!.plan.name} would take ${gigabytes(uses[0]!.use.total)}`;
  const short = chosen.fits ? '' : '; even the smallest plan is estimated to take more';
  // Weights are copied to where they stay and sessions take nothing for themselves, whichever are loaded at
  // the same time; networks are warmed up one by one.
  const loadsTogether = !chosen.plan.exchangesUnets && chosen.use.total + chosen.use.loading <= available;
  return planned(
    plans.map(({ plan }) => plan),
    `${device}: ${why}${roomier}${short}`,
    { device, trim, weights, seat, loadsTogether },
    (plan) => ({
      estimatedBytes: uses.find((each) => each.plan === plan)!.use.total,
      availableBytes: available,
    }),
  );
}

/**
 * What networks take on the CPU while they are loaded over what they take then, where each is in memory twice
 * for a part of its weights: a UNet of SDXL has 11.5 GB at the most and keeps 10.7.
 */
const loadingShare = 1.15;

/** Whether a machine has the memory to load all networks of these models at the same time. */
async function hasRoomToLoad(models: readonly InstalledModel[]): Promise<boolean> {
  const opened = await Promise.all(models.map(openUnmerged));
  const bytes = sum(opened.map((model) => loadedBytes(model, 'cpu')));
  return loadingShare * bytes <= process.availableMemory();
}

async function estimated(
  models: readonly InstalledModel[],
  options: PlanningOptions,
  encodes: boolean,
): Promise<{ readonly uses: PlannedUse[]; readonly largestUnet: number }> {
  const opened = await Promise.all(models.map(openUnmerged));
  const needs = await memoryNeeds(opened, { ...options, encodes }, (model) => loadedBytes(model, 'cuda'));
  return { uses: planUse(needs, plansFor(needs.unets, options.vaeTiling)), largestUnet: largestUnet(needs) };
}

/** @returns undefined where the device cannot be asked: whoever opens it then says why. */
function mostBytes(index: number, limit: MemoryLimit): number | undefined {
  if ('bytes' in limit) return limit.bytes;
  try {
    return limit.share * cudaDeviceMemory(index).total;
  } catch {
    return undefined;
  }
}

/** Bytes that may be taken, the context that is there already among them. */
function availableOf(arena: CudaArena, most: number | undefined): { available: number; why: string } {
  const { free, total } = arena.memory();
  const found = free + bareContextBytes;
  const why = `${gigabytes(found)} free of ${gigabytes(total)}`;
  if (most === undefined) return { available: found, why };
  return { available: Math.min(found, most), why: `${why}, DEVICE_MEMORY_LIMIT ${gigabytes(most)}` };
}

function planned(
  plans: readonly MemoryPlan[],
  why: string,
  options: Omit<LayoutOptions, 'plans'>,
  bytes: (plan: MemoryPlan) => Pick<MemoryReport, 'estimatedBytes' | 'availableBytes'> = () => ({}),
): PlannedDevice {
  const layout = createDeviceLayout({ ...options, plans });
  return {
    layout,
    trim: options.trim ?? (async () => undefined),
    report: () => {
      const plan = layout.plan();
      const { name, what, cost } = plan;
      const lowered = plan === plans[0] ? '' : `; ${plans[0]!.name} ran out of memory`;
      return { plan: name, what, cost, why: `${why}${lowered}`, ...bytes(plan) };
    },
  };
}

/** 15123456789 -> "15.1 GB". */
function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
