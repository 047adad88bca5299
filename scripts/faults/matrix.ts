import type { FaultRow, RowResult, Trial } from './fault-row.ts';
import { resultOf, timesOf, tryOnce } from './fault-row.ts';
import type { SavedTrials } from './saved-trials.ts';

export interface MatrixOptions {
  readonly quick: boolean;
  /** Rows tried side by side: they mostly wait. Recoveries are then longer. */
  readonly atOnce: number;
  /** How often each row is tried; its own number by default. */
  readonly times?: number | undefined;
  /** Earlier trials count, and each is kept as it ends. */
  readonly saved: SavedTrials;
  readonly onTrial: (row: FaultRow, trial: Trial | Error) => void;
}

/** Tries every row as often as it is to be; the results come in the order of the rows. */
export async function runMatrix(rows: readonly FaultRow[], options: MatrixOptions): Promise<RowResult[]> {
  const { quick, atOnce, saved, onTrial } = options;
  const results = new Map<FaultRow, RowResult>();
  const left = [...rows];
  const runNext = async (): Promise<void> => {
    for (let row = left.shift(); row !== undefined; row = left.shift()) {
      const outcomes = [...saved.of(row.name)];
      const times = options.times ?? timesOf(row, quick);
      while (outcomes.length < times) {
        const outcome = await tryOnce(row, quick);
        outcomes.push(outcome);
        saved.add(row.name, outcome);
        onTrial(row, outcome);
      }
      results.set(row, resultOf(row, outcomes));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, runNext));
  return rows.map((row) => results.get(row)!);
}
