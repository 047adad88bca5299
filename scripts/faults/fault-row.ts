import { setTimeout } from 'node:timers/promises';

/** What one trial of a fault did to the requests that met it. */
export interface Trial {
  /** Requests under way when it struck. */
  readonly requests: number;
  /** Accepted requests that did not end, ended FAILED for no reason of their own, or lost their picture. */
  readonly lost: number;
  /** Credits taken beyond one for each picture. */
  readonly chargedTwice: number;
  /** Pictures that differ from the undisturbed ones of the same request. */
  readonly wrongPictures: number;
  /** Requests that another API key could read. */
  readonly foreignReads: number;
  /**
   * From the fault, or its end where it lasts, until the service works again; undefined where it never stops.
   */
  readonly recoveryMs?: number;
  /** What of it the table should say, in a few words. */
  readonly remark?: string;
}

/** One line of the matrix. */
export interface FaultRow {
  /** For `--row`. */
  readonly name: string;
  /** What is done to which process, in a few words. */
  readonly fault: string;
  /** How often it is tried, in full and in the quick matrix; 0 leaves it out unless it is named. */
  readonly times: { readonly full: number; readonly quick: number };
  /** Longest recovery that is promised. */
  readonly boundMs: number;
  /** @param quick asks for a shorter trial. */
  trial(quick: boolean): Promise<Trial>;
}

/** All trials of one row together. */
export interface RowResult extends Omit<Trial, 'recoveryMs' | 'remark'> {
  readonly row: FaultRow;
  readonly trials: number;
  readonly recoveries: readonly number[];
  readonly remarks: readonly string[];
  /** Trials that ended with an error of their own. */
  readonly errors: readonly string[];
}

export function isBroken({ row, recoveries, errors, ...counts }: RowResult): boolean {
  const { lost, chargedTwice, wrongPictures, foreignReads } = counts;
  const late = recoveries.some((each) => each > row.boundMs);
  return lost + chargedTwice + wrongPictures + foreignReads + errors.length > 0 || late;
}

export function timesOf(row: FaultRow, quick: boolean): number {
  return quick ? row.times.quick : row.times.full;
}

/** A trial that has not ended by then hangs. */
const patienceMs = { quick: 4 * 60_000, full: 30 * 60_000 };

/** An error of the trial's own is its outcome; what one that hangs has started ends with this process. */
export async function tryOnce(row: FaultRow, quick: boolean): Promise<Trial | Error> {
  const ms = quick ? patienceMs.quick : patienceMs.full;
  const over = new AbortController();
  const late = async (): Promise<Error> => {
    await setTimeout(ms, undefined, { signal: over.signal });
    return new Error(`the trial has not ended after ${ms / 60_000} min`);
  };
  try {
    return await Promise.race([row.trial(quick), late()]);
  } catch (error) {
    return error as Error;
  } finally {
    over.abort();
  }
}

export function resultOf(row: FaultRow, outcomes: readonly (Trial | Error)[]): RowResult {
  const trials = outcomes.filter((outcome): outcome is Trial => !(outcome instanceof Error));
  const errors = outcomes.filter((outcome) => outcome instanceof Error);
  const sum = (count: (trial: Trial) => number) => trials.reduce((all, trial) => all + count(trial), 0);
  return {
    row,
    trials: outcomes.length,
    requests: sum(({ requests }) => requests),
    lost: sum(({ lost }) => lost),
    chargedTwice: sum(({ chargedTwice }) => chargedTwice),
    wrongPictures: sum(({ wrongPictures }) => wrongPictures),
    foreignReads: sum(({ foreignReads }) => foreignReads),
    recoveries: trials.flatMap(({ recoveryMs }) => recoveryMs ?? []).sort((a, b) => a - b),
    remarks: trials.flatMap(({ remark }) => remark ?? []),
    errors: errors.map(({ message }) => message),
  };
}
