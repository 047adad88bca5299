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
  type ChosenPlan,
  choosePlan,
  isRoomier,
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
  /**
   * Plans for all of these, of which some are about to be loaded beside those that are there: goes down where
   * together they need a smaller plan, and never up.
   * @throws as estimating does where a model cannot be read.
   */
  replan(models: readonly InstalledModel[]): Promise<void>;
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
  const seat = createWeightSeat(copier, estimates.largestUnet);
  const { available, why } = availableOf(arena, most);
  const chosen = choosePlans(estimates.uses, available);
  // Weights are copied to where they stay and sessions take nothing for themselves, whichever are loaded at
  // the same time; networks are warmed up one by one.
  const loadsTogether = !chosen.plan.exchangesUnets && chosen.use.total + chosen.use.loading <= available;
  const plans = { available, why: `${device}: ${why}`, chosen };
  const estimate = async (all: readonly InstalledModel[]) => (await estimated(all, options, encodes)).uses;
  return plannedBy(plans, { device, trim, weights, seat, loadsTogether }, estimate);
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

/** Without estimates: everything stays until memory runs out. */
function planned(
  plans: readonly MemoryPlan[],
  why: string,
  options: Omit<LayoutOptions, 'plans'>,
): PlannedDevice {
  const layout = createDeviceLayout({ ...options, plans });
  return {
    layout,
    trim: options.trim ?? (async () => undefined),
    replan: async () => undefined,
    report: () => reportOf(layout.plan(), plans[0]!, why),
  };
}

function reportOf(plan: MemoryPlan, first: MemoryPlan, why: string): MemoryReport {
  const { name, what, cost } = plan;
  return { plan: name, what, cost, why: plan === first ? why : `${why}; ${first.name} ran out of memory` };
}

interface ChosenPlans extends ChosenPlan {
  /** All of them, from the roomiest. */
  readonly uses: readonly PlannedUse[];
  /** From the chosen one down. */
  readonly plans: readonly MemoryPlan[];
}

/** @param present where there is one: no plan that is roomier is chosen. */
function choosePlans(all: readonly PlannedUse[], available: number, present?: MemoryPlan): ChosenPlans {
  const uses = present === undefined ? all : all.filter(({ plan }) => !isRoomier(plan, present));
  const chosen = choosePlan(uses, available);
  const plans = uses.slice(uses.findIndex(({ plan }) => plan === chosen.plan)).map(({ plan }) => plan);
  return { ...chosen, uses: all, plans };
}

function plannedBy(
  { available, why, chosen: first }: { available: number; why: string; chosen: ChosenPlans },
  options: Omit<LayoutOptions, 'plans'>,
  estimate: (models: readonly InstalledModel[]) => Promise<readonly PlannedUse[]>,
): PlannedDevice {
  const layout = createDeviceLayout({ ...options, plans: first.plans });
  let chosen = first;
  return {
    layout,
    trim: options.trim ?? (async () => undefined),
    replan: async (models) => {
      chosen = choosePlans(await estimate(models), available, layout.plan());
      await layout.replan(chosen.plans);
    },
    report: () => {
      const { plan: wanted, fits, uses } = chosen;
      const [{ plan: roomiest, use }] = uses as [PlannedUse, ...PlannedUse[]];
      const roomier = roomiest === wanted ? '' : `; ${roomiest.name} would take ${gigabytes(use.total)}`;
      const short = fits ? '' : '; even the smallest plan is estimated to take more';
      const plan = layout.plan();
      return {
        ...reportOf(plan, wanted, `${why}${roomier}${short}`),
        estimatedBytes: uses.find((each) => each.plan === plan)!.use.total,
        availableBytes: available,
      };
    },
  };
}

/** 15123456789 -> "15.1 GB". */
function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
