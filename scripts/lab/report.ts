import type { Cell, TestbedId } from './cell.ts';
import { distanceOfLatents } from './distances.ts';
import { type Entry, labelOf } from './entries.ts';
import { mixtureUncertainty } from './mixture-testbed.ts';
import type { LabOptions } from './options.ts';
import type { SolverOrder } from './orders.ts';
import type { Accuracy, LabResults, Machine } from './run-lab.ts';
import { type MeasuredSlope, measuredSlope } from './slope.ts';
import type { Store } from './store.ts';

/** What report.json holds. null: not measured there, or no number came out. */
export interface Report {
  readonly created: string;
  readonly settings: {
    readonly pictures: string | null;
    readonly steps: readonly number[];
    readonly seeds: readonly number[];
    readonly prompts: readonly string[];
    readonly guidanceScale: number;
    readonly size: number;
    readonly accuracy: Accuracy;
  };
  readonly machine: Machine;
  readonly testbeds: readonly TestbedReport[];
  readonly entries: readonly EntryReport[];
  readonly points: readonly Point[];
  readonly slopes: readonly SlopeReport[];
}

export interface TestbedReport {
  readonly id: TestbedId;
  readonly name: string;
  /** What `error` is of, which the charts show. */
  readonly errorOf: 'error' | 'imageError';
  /** How far the converged reference itself is off; null where there is no such reference. */
  readonly uncertainty: number | null;
  /** The distribution distance that exact samples would have; null where it is not known. */
  readonly floor: number | null;
}

export interface EntryReport {
  readonly id: string;
  readonly endpoint: string;
  readonly name: string;
  readonly label: string;
  readonly method: string;
  readonly spacing: string;
  readonly noise: string;
  readonly source: string;
  readonly deterministic: boolean;
  /** The entry with the same solver and schedule whose numbers are shown here too. */
  readonly computedAs: string;
  readonly order: SolverOrder;
}

/** The runs of one name with one number of steps: root mean squares of errors, means of distances, medians of times. */
export interface Point {
  readonly testbed: TestbedId;
  readonly entry: string;
  readonly steps: number;
  readonly runs: number;
  readonly calls: number | null;
  readonly totalMs: number | null;
  readonly modelMs: number | null;
  readonly arithmeticMs: number | null;
  readonly noiseMs: number | null;
  readonly error: number | null;
  readonly imageError: number | null;
  readonly distance: number | null;
  /** Share of runs with NaN or infinity. */
  readonly nanRate: number;
}

export type SlopeReport = { readonly testbed: TestbedId; readonly entry: string } & MeasuredSlope;

/** Puts the numbers of all runs together. Every entry that was asked for is listed, aliases with their original's numbers. */
export function buildReport(options: LabOptions, results: LabResults, created: Date): Report {
  const { pictures, machine } = results;
  const testbeds = testbedReports(options, results);
  const points = options.entries.flatMap((entry) =>
    testbeds.flatMap(({ id }) => options.steps.map((steps) => pointOf(options, results, entry, id, steps))),
  );
  const slopes = options.entries
    .filter(({ scheduler }) => scheduler.noise === 'none')
    .flatMap((entry) =>
      testbeds.map((testbed) => {
        const own = points.filter((point) => point.testbed === testbed.id && point.entry === entry.id);
        const errors = own.flatMap(({ calls, [testbed.errorOf]: error }) =>
          calls === null || error === null ? [] : [{ calls, error }],
        );
        return {
          testbed: testbed.id,
          entry: entry.id,
          ...measuredSlope(errors, testbed.uncertainty ?? 0),
        };
      }),
    );
  return {
    created: created.toISOString(),
    settings: {
      pictures: pictures?.name ?? null,
      steps: options.steps,
      seeds: options.seeds,
      prompts: options.prompts,
      guidanceScale: options.guidanceScale,
      size: options.size,
      accuracy: results.accuracy,
    },
    machine,
    testbeds,
    entries: options.entries.map((entry) => entryReport(entry, results.orders.get(entry.id)!)),
    points,
    slopes,
  };
}

function testbedReports(options: LabOptions, results: LabResults): TestbedReport[] {
  const { pictures, mixtureFloor } = results;
  const mixture: TestbedReport = {
    id: 'mixture',
    name: 'exact mixture',
    errorOf: 'error',
    uncertainty: mixtureUncertainty,
    floor: mixtureFloor,
  };
  if (pictures === undefined) return [mixture];
  return [
    mixture,
    {
      id: pictures.id,
      name: pictures.id === 'checkpoint' ? `checkpoint ${pictures.name}` : `server ${pictures.name}`,
      errorOf: pictures.id === 'checkpoint' ? 'error' : 'imageError',
      uncertainty: pictures.uncertainty,
      floor: pictureFloor(options, results),
    },
  ];
}

function entryReport({ id, endpoint, name, scheduler, computedAs }: Entry, order: SolverOrder): EntryReport {
  const { method, spacing, noise, source } = scheduler;
  const label = labelOf({ name, endpoint });
  const deterministic = noise === 'none';
  return { id, endpoint, name, label, method, spacing, noise, source, deterministic, computedAs, order };
}

function pointOf(
  options: LabOptions,
  results: LabResults,
  entry: Entry,
  testbed: TestbedId,
  steps: number,
): Point {
  const cells = results.cells.filter(
    (cell) => cell.testbed === testbed && cell.entry === entry.computedAs && cell.steps === steps,
  );
  const numbers = (of: (cell: Cell) => number | null) => cells.map(of).filter((value) => value !== null);
  return {
    testbed,
    entry: entry.id,
    steps,
    runs: cells.length,
    calls: mean(numbers(({ calls }) => calls)),
    totalMs: median(numbers(({ totalMs }) => totalMs)),
    modelMs: median(numbers(({ modelMs }) => modelMs)),
    arithmeticMs: median(numbers(({ arithmeticMs }) => arithmeticMs)),
    noiseMs: median(numbers(({ noiseMs }) => noiseMs)),
    error: rootMeanSquare(numbers(({ error }) => error)),
    imageError: mean(numbers(({ imageError }) => imageError)),
    distance:
      testbed === 'checkpoint'
        ? latentDistance(options, results, entry, cells)
        : mean(numbers(({ distance }) => distance)),
    nanRate: cells.filter(({ finite }) => !finite).length / Math.max(1, cells.length),
  };
}

/** By prompt, the latents of all seeds against the converged latents of the same seeds; the mean over prompts. */
function latentDistance(
  options: LabOptions,
  { pictures, store }: LabResults,
  { computedAs }: Entry,
  cells: readonly Cell[],
): number | null {
  const entry = options.entries.find(({ id }) => id === computedAs)!;
  const byPrompt = Map.groupBy(
    cells.filter(({ finite }) => finite),
    ({ prompt }) => prompt,
  );
  return mean(
    [...byPrompt].map(([prompt, sameprompt]) => {
      const found = sameprompt.map(({ key, steps, seed }) => {
        const reference = pictures!.testbed!.reference(entry, steps, seed, prompt)!;
        return [store.latents(key), store.latents(reference.key)] as const;
      });
      return distanceOfLatents(
        found.map(([latents]) => latents),
        found.map(([, latents]) => latents),
        pictures!.engine!.channels,
      );
    }),
  );
}

/**
 * How far converged latents of one half of the seeds are from those of the other half: what chance does to a distance. Both
 * halves are half as many as a name's runs, so this is rather too large.
 */
function pictureFloor(options: LabOptions, { pictures, store }: LabResults): number | null {
  const { seeds, prompts, steps } = options;
  const entry = options.entries[0]!;
  const half = Math.floor(seeds.length / 2);
  if (pictures?.testbed === undefined || half === 0) return null;
  const { testbed, engine } = pictures;
  const converged = (own: readonly number[], prompt: number, reader: Store) =>
    own.flatMap((seed) => {
      const found = testbed.reference(entry, steps.at(-1)!, seed, prompt);
      return found ? [reader.latents(found.key)] : [];
    });
  return mean(
    prompts.flatMap((_, prompt) => {
      const [a, b] = [
        converged(seeds.slice(0, half), prompt, store),
        converged(seeds.slice(half, 2 * half), prompt, store),
      ];
      return a.length === half && b.length === half ? [distanceOfLatents(a, b, engine!.channels)] : [];
    }),
  );
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rootMeanSquare(values: readonly number[]): number | null {
  const squares = mean(values.map((value) => value * value));
  return squares === null ? null : Math.sqrt(squares);
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
