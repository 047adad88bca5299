import type { Point } from '../measures/point.ts';
import type { EntryReport, Report, TestbedReport } from './report.ts';

/** The entries that have numbers of their own. */
export function originals({ entries }: Report): EntryReport[] {
  return entries.filter(({ id, computedAs }) => id === computedAs);
}

export function pointsOf(report: Report, testbed: TestbedReport, entry: EntryReport): Point[] {
  return report.points.filter((point) => point.testbed === testbed.id && point.entry === entry.id);
}

export function curve(report: Report, testbed: TestbedReport, entry: EntryReport) {
  return pointsOf(report, testbed, entry).flatMap(({ calls, [testbed.errorOf]: error }) =>
    calls === null || error === null ? [] : [{ calls, error }],
  );
}
