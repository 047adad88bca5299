import os from 'node:os';
import path from 'node:path';
import { publishedScheduler } from '../../src/checkpoints/configs/published-configs.ts';
import type { Config } from '../../src/config/config.ts';
import { runtimeVersion } from '../../src/networks/runtime/runtime.ts';
import { noiseTable } from '../../src/schedulers/noise-levels/noise-table.ts';
import { type SolverOrder, solverOrder } from './measures/orders.ts';
import type { LabOptions } from './options.ts';
import { type Output, showProgress } from './progress.ts';
import type { Cell, Testbed } from './testbeds/cell.ts';
import { type CheckpointTestbed, checkpointTestbed } from './testbeds/checkpoint-testbed.ts';
import { type Engine, openEngine } from './testbeds/engine.ts';
import { findCheckpoint } from './testbeds/find-checkpoint.ts';
import { mixtureFloor, mixtureTestbed } from './testbeds/mixture-testbed.ts';
import { openServer } from './testbeds/server.ts';
import { serverTestbed } from './testbeds/server-testbed.ts';
import { openStore, type Store } from './testbeds/store.ts';

/** Everything that was measured, for the report. */
export interface LabResults {
  readonly cells: readonly Cell[];
  /** By entry id. */
  readonly orders: ReadonlyMap<string, SolverOrder>;
  readonly accuracy: Accuracy;
  readonly mixtureFloor: number;
  /** What the pictures were made with; undefined where only the mixture was asked for. */
  readonly pictures: PictureSource | undefined;
  readonly store: Store;
  readonly machine: Machine;
}

export interface PictureSource {
  readonly id: 'checkpoint' | 'server';
  /** Of the checkpoint, or the server's address. */
  readonly name: string;
  readonly engine: Engine | undefined;
  readonly testbed: CheckpointTestbed | undefined;
  /** How far the converged reference is off; null where there is none. */
  readonly uncertainty: number | null;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly runtime: string;
  readonly device: string;
}

export interface Accuracy {
  /** Points of the plane that make up one mixture "picture". */
  readonly points: number;
  /** Error of each step of a checkpoint's converged solution. The network's own rounding is near 1e-5. */
  readonly tolerance: number;
}

const usualAccuracy: Accuracy = { points: 4096, tolerance: 3e-5 };

/** A variation changes nothing of its solver. */
const noOrder: SolverOrder = { theory: null, measured: null, kind: 'flow', steps: null, errors: null };

/**
 * Runs what is asked for, taking from the store what was computed before.
 * @throws AbortError when `signal` aborts.
 */
export async function runLab(
  options: LabOptions,
  config: Config,
  signal: AbortSignal,
  { points, tolerance }: Accuracy = usualAccuracy,
  out: Output = process.stderr,
): Promise<LabResults> {
  const { steps, seeds, prompts, guidanceScale, size } = options;
  const entries = options.entries.filter(({ id, computedAs }) => id === computedAs);
  const store = openStore(path.join(options.out, 'cells'));
  const { source, testbed, model } = await openPictures();

  const orders = new Map<string, SolverOrder>();
  for (const entry of options.entries) {
    signal.throwIfAborted();
    orders.set(entry.id, entry.variation ? noOrder : await solverOrder(entry));
  }
  const cells = [
    ...(await collect(mixtureTestbed({ entries, steps, seeds, model, points }, store), signal, out)),
    ...(testbed ? await collect(testbed, signal, out) : []),
  ];
  if (source?.testbed) out.write('solving one converged reference again, ten times as exactly\n');
  const uncertainty = source?.testbed ? await source.testbed.uncertainty(signal) : null;
  return {
    cells,
    orders,
    accuracy: { points, tolerance },
    mixtureFloor: mixtureFloor(points),
    pictures: source && { ...source, uncertainty },
    store,
    machine: {
      cpu: os.cpus()[0]?.model ?? 'unknown',
      cores: os.availableParallelism(),
      node: process.version,
      runtime: runtimeVersion,
      device: config.device,
    },
  };

  async function openPictures() {
    const fallback = noiseTable(publishedScheduler);
    if (options.url !== undefined) {
      const server = await openServer(options.url, options.key, signal);
      const decides = { server: options.url, guidanceScale, size };
      const asked = { entries, steps, seeds, prompts, decides, guidanceScale, size, model: fallback };
      const testbed = serverTestbed(server, asked, store);
      const source = { id: 'server', name: options.url, engine: undefined, testbed: undefined } as const;
      return { source, testbed, model: fallback };
    }
    if (options.checkpoint === 'none') return { source: undefined, testbed: undefined, model: fallback };
    const found = await findCheckpoint(options.checkpoint, config);
    const engine = await openEngine(found, config, { guidanceScale, size });
    const decides = { checkpoint: found.identity, guidanceScale, size, device: config.device };
    const asked = { entries, steps, seeds, prompts, decides, tolerance };
    const testbed = checkpointTestbed(engine, asked, store);
    const source = { id: 'checkpoint', name: found.name, engine, testbed } as const;
    return { source, testbed, model: engine.noise };
  }
}

async function collect(testbed: Testbed, signal: AbortSignal, out: Output): Promise<Cell[]> {
  const cells: Cell[] = [];
  const wholeCost = testbed.work.reduce((sum, { cost }) => sum + cost, 0);
  const progress = showProgress(testbed.id.padEnd(10), testbed.work.length, wholeCost, out);
  try {
    for await (const { cell, stored } of testbed.cells(signal)) {
      const { label, cost } = testbed.work[cells.length]!;
      cells.push(cell);
      progress.done(label, cost, stored);
    }
  } finally {
    progress.end();
  }
  return cells;
}
