import { type Entry, labelOf } from '../entries.ts';
import type { SolverOrder } from '../measures/orders.ts';
import { type Point, pictureFloor, pointOf } from '../measures/point.ts';
import { type MeasuredSlope, measuredSlope } from '../measures/slope.ts';
import type { LabOptions } from '../options.ts';
import type { Accuracy, LabResults, Machine } from '../run-lab.ts';
import type { TestbedId } from '../testbeds/cell.ts';
import { mixtureUncertainty } from '../testbeds/mixture-testbed.ts';

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
  /** What saves evaluations, and of which entry; absent where nothing does. */
  readonly variation?: string;
  readonly plain?: string;
  readonly order: SolverOrder;
}

export type SlopeReport = { readonly testbed: TestbedId; readonly entry: string } & MeasuredSlope;

/**
 * Puts the numbers of all runs together. Every entry that was asked for is listed, aliases with their
 * original's numbers.
 */
export function buildReport(options: LabOptions, results: LabResults, created: Date): Report {
  const { pictures, machine } = results;
  const testbeds = testbedReports(options, results);
  const points = options.entries.flatMap((entry) =>
    testbeds.flatMap(({ id }) => options.steps.map((steps) => pointOf(options, results, entry, id, steps))),
  );
  const slopes = options.entries
    .filter(({ scheduler, variation }) => scheduler.noise === 'none' && variation === undefined)
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

function entryReport(entry: Entry, order: SolverOrder): EntryReport {
  const { id, endpoint, name, scheduler, computedAs, variation, plain } = entry;
  const { method, spacing, noise, source } = scheduler;
  const label = labelOf({ name, endpoint });
  const deterministic = noise === 'none';
  return {
    ...{ id, endpoint, name, label, method, spacing, noise, source, deterministic, computedAs, order },
    ...(variation && { variation: variation.label }),
    ...(plain !== undefined && { plain }),
  };
}
