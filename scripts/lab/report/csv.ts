import type { Report } from './report.ts';

/** Of solvers' orders and slopes; the rest of a row comes from the points. */
const columns = [
  'testbed',
  'endpoint',
  'name',
  'method',
  'spacing',
  'noise',
  'computed_as',
  'steps',
  'runs',
  'model_calls',
  'total_ms',
  'model_ms',
  'arithmetic_ms',
  'noise_ms',
  'latent_rmse',
  'image_difference',
  'distribution_distance',
  'nan_rate',
  'slope',
  'order_theory',
  'order_measured',
] as const;

/**
 * report.csv (RFC 4180): a row for each name, testbed and number of steps; what was not measured is empty.
 */
export function csvOf({ entries, points, slopes }: Report): string {
  const rows = points.map((point) => {
    const entry = entries.find(({ id }) => id === point.entry)!;
    const slope = slopes.find((each) => each.entry === point.entry && each.testbed === point.testbed);
    const { order } = entry;
    return [
      point.testbed,
      entry.endpoint,
      entry.name,
      entry.method,
      entry.spacing,
      entry.noise,
      entry.computedAs === entry.id ? '' : entry.computedAs,
      point.steps,
      point.runs,
      point.calls,
      point.totalMs,
      point.modelMs,
      point.arithmeticMs,
      point.noiseMs,
      point.error,
      point.imageError,
      point.distance,
      point.nanRate,
      slope && 'order' in slope ? slope.order : null,
      order.theory,
      order.measured,
    ];
  });
  return [columns, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

function field(value: string | number | null): string {
  if (value === null) return '';
  const text = typeof value === 'number' ? String(Number(value.toPrecision(6))) : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
