import { median } from '../statistics.ts';
import { matmulName, type Row } from './row.ts';

/**
 * The measured rows for people: median, smallest and largest sample, and where the number of operations is
 * known the speed, also as a share of the machine's own matrix products (the fastest round of them) if those
 * were measured.
 */
export function formatTable(rows: readonly Row[]): string {
  const rate = matmulRate(rows);
  const cells = rows.map((row) => [
    row.name,
    show(median(row.samples)),
    row.unit,
    row.samples.length > 1 ? `${show(Math.min(...row.samples))} - ${show(Math.max(...row.samples))}` : '',
    ...speedOf(row, rate),
  ]);
  const titles = ['', 'median', '', 'smallest - largest', 'GFLOP/s', 'of matmul'];
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...cells.map((line) => line[column]!.length)),
  );
  const line = (texts: readonly string[]) =>
    texts
      .map((text, column) =>
        column === 0 || column === 2 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd();
  const lines = [line(titles)];
  for (const [index, row] of rows.entries()) {
    if (row.group !== rows[index - 1]?.group) lines.push('', row.group);
    lines.push(line(cells[index]!));
  }
  return lines.join('\n');
}

/** Operations per second, from the largest sample. */
function matmulRate(rows: readonly Row[]): number | undefined {
  const row = rows.find(({ name }) => name === matmulName);
  return row && Math.max(...row.samples) * 1e9;
}

function speedOf({ flops, unit, samples }: Row, rate: number | undefined): [string, string] {
  if (flops === undefined || (unit !== 's' && unit !== 'ms')) return ['', ''];
  const speed = flops / (median(samples) / (unit === 'ms' ? 1000 : 1));
  return [(speed / 1e9).toFixed(1), rate === undefined ? '' : `${((100 * speed) / rate).toFixed(0)} %`];
}

/** Three significant digits, whole numbers whole. */
function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
