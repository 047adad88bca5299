import { isBroken, type RowResult } from './fault-row.ts';

const seconds = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? '-' : (milliseconds / 1000).toFixed(1);

const headings = [
  ...['fault', 'n', 'requests', 'lost', 'charged twice', 'wrong pictures', 'foreign reads'],
  ...['recovery p50 (s)', 'max (s)', 'bound (s)', ''],
];

/** The matrix as a table in Markdown. */
export function table(results: readonly RowResult[]): string {
  const cells = results.map((result) => {
    const { row, recoveries } = result;
    return [
      ...[row.fault, result.trials, result.requests, result.lost, result.chargedTwice],
      ...[result.wrongPictures, result.foreignReads, seconds(recoveries[recoveries.length >> 1])],
      ...[seconds(recoveries.at(-1)), seconds(row.boundMs), isBroken(result) ? 'BROKEN' : 'held'],
    ].map(String);
  });
  const line = (each: readonly string[]) => `| ${each.join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...cells.map(line)].join('\n');
}

export function summary(results: readonly RowResult[]): string {
  const broken = results.filter(isBroken).map(({ row }) => row.name);
  const trials = results.reduce((all, result) => all + result.trials, 0);
  const requests = results.reduce((all, result) => all + result.requests, 0);
  const verdict = broken.length === 0 ? 'all bounds held' : `BROKEN: ${broken.join(', ')}`;
  return `faults: ${results.length} rows, ${trials} trials, ${requests} requests; ${verdict}`;
}
