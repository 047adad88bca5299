import type { HistoryEntry } from '../history/history-entry.ts';
import type { Submission } from '../history/requests.ts';
import type { Body, Slug } from '../parts/wire.ts';

/** A comparison: one prompt and seed under several schedulers and numbers of steps. */
export interface ComparisonPlan {
  readonly slug: Slug;
  /** What all cells share; its scheduler and steps do not count. */
  readonly body: Body;
  readonly seed: number;
  readonly schedulers: readonly string[];
  readonly steps: readonly number[];
}

/** More cells than this would keep a server on a CPU busy for minutes. */
export const mostCells = 60;

/** One request for each cell, row by row. @param id of the comparison, unique in this browser. */
export function submissionsOf(
  { slug, body, seed, schedulers, steps }: ComparisonPlan,
  id: string,
): Submission[] {
  return schedulers.flatMap((scheduler) =>
    steps.map((count) => ({
      slug,
      comparison: id,
      body: { ...body, samples: 1, seed, scheduler, num_inference_steps: count },
    })),
  );
}

export interface ComparisonGrid {
  readonly schedulers: readonly string[];
  readonly steps: readonly number[];
  cell(scheduler: string, steps: number): HistoryEntry | undefined;
}

/** The grid that a comparison's entries make, in the order they were sent. */
export function gridOf(entries: readonly HistoryEntry[]): ComparisonGrid {
  const inOrder = [...entries].reverse();
  const schedulers = [...new Set(inOrder.map(({ body }) => String(body.scheduler)))];
  const steps = [...new Set(inOrder.map(({ body }) => Number(body.num_inference_steps)))].sort(
    (a, b) => a - b,
  );
  return {
    schedulers,
    steps,
    cell: (scheduler, count) =>
      inOrder.find(({ body }) => body.scheduler === scheduler && body.num_inference_steps === count),
  };
}

/**
 * Numbers of steps from text such as "20, 30 50"; undefined where something else stands there or one is out
 * of range.
 */
export function parseSteps(text: string, least: number, most: number): number[] | undefined {
  const words = text.split(/[\s,;]+/).filter((word) => word !== '');
  const numbers = words.map(Number);
  const isWrong = numbers.some((count) => !Number.isInteger(count) || count < least || count > most);
  return numbers.length === 0 || isWrong ? undefined : [...new Set(numbers)].sort((a, b) => a - b);
}
