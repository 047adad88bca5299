import { bestAt, defaults, front, savings, stochastic } from './comparisons.ts';
import type { Report, TestbedReport } from './report.ts';
import { originals, pointsOf } from './report-access.ts';
import { savers } from './savers.ts';
import { list, percent } from './words.ts';

/** One finding in plain words, under the heading it belongs to. */
export interface Finding {
  readonly heading: string;
  readonly sentences: readonly string[];
}

/** How far a measured order may lie from theory's and still be called the same. */
export const orderTolerance = 0.15;

/** Plain words for what was measured; every number in them is computed from the report. */
export function findings(report: Report): Finding[] {
  return [
    ...report.testbeds.toReversed().map((testbed) => ({
      heading: testbed.id === 'mixture' ? 'On the exact mixture' : `With ${testbed.name}`,
      sentences: [
        ...savings(report, testbed),
        ...defaults(report, testbed),
        ...bestAt(report, testbed),
        ...front(report, testbed),
        ...savers(report, testbed),
        ...stochastic(report, testbed),
        ...overhead(report, testbed),
      ],
    })),
    { heading: 'Everywhere', sentences: [...orders(report), ...failures(report), ...aliases(report)] },
  ].filter(({ sentences }) => sentences.length > 0);
}

/** What the solvers themselves cost beside the network. */
function overhead(report: Report, testbed: TestbedReport): string[] {
  if (testbed.id !== 'checkpoint') return [];
  const shares = originals(report).flatMap((entry) =>
    pointsOf(report, testbed, entry).flatMap(({ totalMs, arithmeticMs, noiseMs }) =>
      totalMs === null || arithmeticMs === null || noiseMs === null
        ? []
        : [{ entry, share: (arithmeticMs + noiseMs) / totalMs }],
    ),
  );
  if (shares.length === 0) return [];
  const sorted = shares.toSorted((a, b) => a.share - b.share);
  const [middle, most] = [sorted[sorted.length >> 1]!, sorted.at(-1)!];
  return [
    `The solvers' own arithmetic and noise take ${percent(middle.share)} of a run in the median, at most ${percent(most.share)} (${most.entry.label}); the rest is the network.`,
  ];
}

function orders(report: Report): string[] {
  const measured = originals(report).filter(({ order }) => order.theory !== null && order.measured !== null);
  const off = measured.filter(({ order }) => Math.abs(order.measured! - order.theory!) > orderTolerance);
  if (measured.length === 0) return [];
  if (off.length === 0)
    return [
      `All ${measured.length} solvers with an order have the one theory gives them, within ${Math.max(...measured.map(({ order }) => Math.abs(order.measured! - order.theory!))).toFixed(2)}.`,
    ];
  return [
    `${measured.length - off.length} of ${measured.length} solvers have the order theory gives them; ${list(off.map(({ label, order }) => `${label} has ${order.measured!.toFixed(2)} instead of ${order.theory}`))}.`,
  ];
}

function failures(report: Report): string[] {
  const runs = report.points
    .filter(({ entry }) => originals(report).some(({ id }) => id === entry))
    .reduce((sum, point) => sum + point.runs, 0);
  const failed = originals(report).filter(({ id }) =>
    report.points.some((point) => point.entry === id && point.nanRate > 0),
  );
  if (failed.length === 0) return [`None of ${runs} runs gave NaN or infinity.`];
  return [`NaN or infinity came out of runs of ${list(failed.map(({ label }) => label))}.`];
}

function aliases({ entries }: Report): string[] {
  return entries
    .filter(({ id, computedAs }) => id !== computedAs)
    .map(
      ({ id, computedAs }) =>
        `${id} is the same solver on the same schedule as ${computedAs}: it is listed, not run again.`,
    );
}
