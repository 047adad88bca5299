import type { ErrorPoint } from '../measures/slope.ts';
import type { EntryReport, Report, TestbedReport } from './report.ts';
import { curve, originals, pointsOf } from './report-access.ts';
import { capital, short } from './words.ts';

/** The number of steps that the question is about. */
const asked = 30;

interface Compared {
  readonly plain: EntryReport;
  readonly steps: number;
  readonly calls: number;
  readonly error: number;
  /** Of the plain entry with as many calls. */
  readonly honest: number;
}

/**
 * Whether saved evaluations are worth it: "is a cached 30-step UniPC better than an honest 18?", for every
 * variation of every name that has one.
 */
export function savers(report: Report, testbed: TestbedReport): string[] {
  const varied = originals(report).filter(({ variation, deterministic }) => variation && deterministic);
  const labels = [...new Set(varied.map(({ variation }) => variation!))];
  return labels.flatMap((label) => {
    const compared = varied
      .filter(({ variation }) => variation === label)
      .flatMap((entry) => comparedRuns(report, testbed, entry));
    if (compared.length === 0) return [];
    const better = compared.filter(({ error, honest }) => error < honest).length;
    const example = compared
      .filter(({ plain }) => /^unipc/i.test(plain.name))
      .sort((a, b) => Math.abs(a.steps - asked) - Math.abs(b.steps - asked))[0];
    const told = `${capital(label)}: ${better} of ${compared.length} runs are closer to the ${testbed.id === 'mixture' ? 'exact' : 'converged'} solution than honest steps of as many model calls`;
    if (example === undefined) return [`${told}.`];
    const { plain, steps, calls, error, honest } = example;
    return [
      `${told}. ${steps} steps of ${plain.label} take ${short(calls)} calls so and have an error of ${short(error)}, ${error < honest ? 'better' : 'worse'} than honest steps of ${short(calls)} calls (${short(honest)}).`,
    ];
  });
}

function comparedRuns(report: Report, testbed: TestbedReport, entry: EntryReport): Compared[] {
  const plain = report.entries.find(({ id }) => id === entry.plain)!;
  const honest = curve(report, testbed, plain);
  return pointsOf(report, testbed, entry).flatMap(({ steps, calls, [testbed.errorOf]: error }) => {
    const own = calls === null ? undefined : errorAt(honest, calls);
    return own === undefined || calls === null || error === null || calls >= steps
      ? []
      : [{ plain, steps, calls, error, honest: own }];
  });
}

/** The error after so many calls, between measured points on log axes; undefined outside of them. */
export function errorAt(points: readonly ErrorPoint[], calls: number): number | undefined {
  const sorted = points.toSorted((a, b) => a.calls - b.calls);
  const after = sorted.findIndex((point) => point.calls >= calls);
  if (after === -1) return undefined;
  const right = sorted[after]!;
  if (right.calls === calls) return right.error;
  const left = sorted[after - 1];
  if (left === undefined) return undefined;
  const share = Math.log(calls / left.calls) / Math.log(right.calls / left.calls);
  return left.error * (right.error / left.error) ** share;
}
