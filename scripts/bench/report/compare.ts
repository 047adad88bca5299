import { type Ratio, unpairedRatio } from '../statistics.ts';
import type { Report, Row } from './row.ts';

export interface Comparison extends Ratio {
  readonly group: string;
  readonly name: string;
  /** Whether the interval of the ratio lies on one side of 1. */
  readonly verdict: 'better' | 'worse' | 'within noise';
}

/**
 * New over old, row by row, for the rows that both have with the same unit and operations. Speeds are better
 * the larger, all else the smaller.
 */
export function compareRows(before: readonly Row[], after: readonly Row[]): Comparison[] {
  return after.flatMap((row) => {
    const old = before.find(
      ({ group, name, unit, flops }) =>
        group === row.group && name === row.name && unit === row.unit && flops === row.flops,
    );
    if (old === undefined) return [];
    const ratio = unpairedRatio(row.samples, old.samples);
    const differs = ratio.low > 1 || ratio.high < 1;
    const isBetter = ratio.ratio < 1 !== (row.unit === 'GFLOP/s');
    const verdict = differs ? (isBetter ? 'better' : 'worse') : 'within noise';
    return [{ group: row.group, name: row.name, ...ratio, verdict }];
  });
}

/** @returns a sentence for each thing besides the code that is not the same in both reports. */
export function differences(before: Report, after: Report): string[] {
  const facts = (report: Report) =>
    Object.entries({ ...report.machine, ...report.settings }).filter(
      ([name]) => !['load', 'steal', 'commit'].includes(name),
    );
  const old = new Map(facts(before));
  return facts(after)
    .filter(([name, value]) => JSON.stringify(old.get(name)) !== JSON.stringify(value))
    .map(([name, value]) => `${name} was ${JSON.stringify(old.get(name))}, is ${JSON.stringify(value)}`);
}

export function formatComparison(comparisons: readonly Comparison[]): string {
  const width = Math.max(...comparisons.map(({ name }) => name.length));
  return comparisons
    .flatMap(({ group, name, ratio, low, high, verdict }, index) => [
      ...(group === comparisons[index - 1]?.group ? [] : ['', group]),
      `${name.padEnd(width)}  ${ratio.toFixed(3).padStart(7)}  (${low.toFixed(3)} - ${high.toFixed(3)})  ${verdict}`,
    ])
    .join('\n');
}
