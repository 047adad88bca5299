import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Trial } from './fault-row.ts';

/** The trials of a long matrix, a line of JSON for each, so that one that was broken off goes on. */
export interface SavedTrials {
  of(row: string): readonly (Trial | Error)[];
  add(row: string, outcome: Trial | Error): void;
}

type Line = { readonly row: string } & ({ readonly trial: Trial } | { readonly error: string });

/** @param file where they are kept; without one nothing is. */
export function openSavedTrials(file: string | undefined): SavedTrials {
  const lines: Line[] =
    file !== undefined && existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as Line)
      : [];
  return {
    of: (row) =>
      lines
        .filter((line) => line.row === row)
        .map((line) => ('trial' in line ? line.trial : new Error(line.error))),
    add: (row, outcome) => {
      if (file === undefined) return;
      const line: Line = outcome instanceof Error ? { row, error: outcome.message } : { row, trial: outcome };
      appendFileSync(file, `${JSON.stringify(line)}\n`);
    },
  };
}
