import type { Entry } from '../entries.ts';
import type { LabOptions } from '../options.ts';
import type { LabResults } from '../run-lab.ts';
import type { Cell, Measures, TestbedId } from '../testbeds/cell.ts';
import type { Store } from '../testbeds/store.ts';
import { distanceOfLatents } from './distances.ts';

/**
 * The runs of one name with one number of steps: root mean squares of errors, means of distances, medians of
 * times.
 */
export interface Point extends Measures {
  readonly testbed: TestbedId;
  readonly entry: string;
  readonly steps: number;
  readonly runs: number;
  /** Share of runs with NaN or infinity. */
  readonly nanRate: number;
}

/** The numbers of one name's runs with one number of steps. */
export function pointOf(
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

/**
 * By prompt, the latents of all seeds against the converged latents of the same seeds; the mean over prompts.
 */
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
 * How far converged latents of one half of the seeds are from those of the other half: what chance does to a
 * distance. Both halves are half as many as a name's runs, so this is rather too large.
 */
export function pictureFloor(options: LabOptions, { pictures, store }: LabResults): number | null {
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
