import { crossing, paretoFront } from './crossing.ts';
import type { EntryReport, Report, TestbedReport } from './report.ts';
import { curve, originals, pointsOf } from './report-access.ts';
import { capital, list, short } from './words.ts';

const mostSavings = 3;
const budgets = [20, 30, 50];

/** "DPM Multi reaches the error of 50 Euler steps in 14": for each endpoint against its own Euler. */
export function savings(report: Report, testbed: TestbedReport): string[] {
  const sentences: string[] = [];
  for (const endpoint of ['sdxl-torch', 'sdxl-img2img']) {
    const euler = originals(report).find((entry) => entry.endpoint === endpoint && entry.name === 'Euler');
    const last = euler && pointsOf(report, testbed, euler).at(-1);
    const target = last?.[testbed.errorOf] ?? null;
    if (euler === undefined || last === undefined || target === null) continue;
    const others = originals(report)
      .filter((entry) => entry.endpoint === endpoint && entry.deterministic && entry !== euler)
      .map((entry) => ({ entry, at: crossing(curve(report, testbed, entry), target) }));
    const fewest = (entry: EntryReport) =>
      Math.min(...curve(report, testbed, entry).map(({ calls }) => calls));
    const reached = others
      .filter(({ at }) => at !== 'never')
      .map(({ entry, at }) => ({ entry, at, calls: typeof at === 'number' ? at : fewest(entry) }))
      .filter(({ calls }) => calls < last.steps)
      .sort((a, b) => a.calls - b.calls);
    const what = `the error of ${last.steps} ${euler.label} steps (${short(target)})`;
    const told = reached
      .slice(0, mostSavings)
      .map(({ entry, at, calls }) =>
        typeof at === 'number'
          ? `${entry.label} in ${Math.ceil(at)} model calls`
          : `${entry.label} already in its smallest run, ${Math.round(calls)} model calls`,
      );
    if (told.length > 0) sentences.push(`${capital(what)} is reached by ${list(told)}.`);
    const slower = others.filter(
      ({ entry, at }) =>
        curve(report, testbed, entry).length > 0 &&
        !reached.some((each) => each.entry === entry) &&
        at === 'never',
    );
    if (slower.length > 0)
      sentences.push(
        `${list(slower.map(({ entry }) => entry.label))} ${slower.length === 1 ? 'does' : 'do'} not reach it with ${report.settings.steps.at(-1)} steps.`,
      );
  }
  return sentences;
}

/** The smallest error within budgets of model calls. */
export function bestAt(report: Report, testbed: TestbedReport): string[] {
  const affordable = originals(report).flatMap((entry) =>
    curve(report, testbed, entry).map((point) => ({ entry, ...point })),
  );
  const best = budgets.flatMap((budget) => {
    const within = affordable.filter(({ calls }) => calls <= budget).sort((a, b) => a.error - b.error)[0];
    return within === undefined || budget > Math.max(...affordable.map(({ calls }) => calls))
      ? []
      : [{ budget, ...within }];
  });
  // A larger budget is only told where something else or more comes of it.
  const different = best.filter(({ error }, i) => i === 0 || error < best[i - 1]!.error);
  if (different.length === 0) return [];
  const told = different.map(
    ({ budget, entry, error }) => `${entry.label} with at most ${budget} (${short(error)})`,
  );
  return [
    `By model calls, the closest to the ${testbed.id === 'mixture' ? 'exact' : 'converged'} solution: ${list(told)}.`,
  ];
}

/**
 * How the API's default does beside plain Euler, with the steps that the API takes by default or the nearest
 * there are.
 */
export function defaults(report: Report, testbed: TestbedReport): string[] {
  const find = (name: string) =>
    originals(report).find((entry) => entry.endpoint === 'sdxl-torch' && entry.name === name);
  const [unipc, euler] = [find('UniPC'), find('Euler')];
  if (unipc === undefined || euler === undefined) return [];
  const steps = report.settings.steps.toSorted((a, b) => Math.abs(a - 25) - Math.abs(b - 25))[0];
  const errorOf = (entry: EntryReport) =>
    pointsOf(report, testbed, entry).find((point) => point.steps === steps)?.[testbed.errorOf] ?? null;
  const [own, other] = [errorOf(unipc), errorOf(euler)];
  if (own === null || other === null || own === 0 || other === 0) return [];
  const ratio = Math.max(own / other, other / own);
  const differs = own < other ? `${short(ratio)} times less than Euler's` : `${short(ratio)} times Euler's`;
  const compared = ratio < 1.1 ? "about as much as Euler's" : differs;
  return [
    `UniPC, the default of both endpoints, has an error of ${short(own)} with ${steps} steps, ${compared}.`,
  ];
}

export function front(report: Report, testbed: TestbedReport): string[] {
  // The mixture's model takes no time to speak of: its times are not those of pictures.
  if (testbed.id === 'mixture') return [];
  const measured = originals(report).flatMap((entry) =>
    pointsOf(report, testbed, entry).flatMap(({ totalMs, steps, [testbed.errorOf]: error }) =>
      totalMs === null || error === null ? [] : [{ entry, steps, cost: totalMs, error }],
    ),
  );
  const best = paretoFront(measured);
  if (best.length < 2) return [];
  const names = [...new Set(best.map(({ entry }) => entry.label))];
  return [
    `For its time nothing is more exact than ${list(names)}: ${names.length === 1 ? 'it makes' : 'they make'} up the Pareto front, from ${best[0]!.entry.label} with ${best[0]!.steps} steps to ${best.at(-1)!.entry.label} with ${best.at(-1)!.steps}.`,
  ];
}

/** Which stochastic name's results are spread most like the truth. */
export function stochastic(report: Report, testbed: TestbedReport): string[] {
  const steps = report.settings.steps.find((count) => count >= 25) ?? report.settings.steps.at(-1)!;
  const measured = originals(report)
    .filter(({ deterministic }) => !deterministic)
    .flatMap((entry) => {
      const distance = pointsOf(report, testbed, entry).find((point) => point.steps === steps)?.distance;
      return distance == null ? [] : [{ entry, distance }];
    })
    .sort((a, b) => a.distance - b.distance);
  if (measured.length < 2) return [];
  const [best, worst] = [measured[0]!, measured.at(-1)!];
  const indistinct =
    testbed.floor === null ? [] : measured.filter(({ distance }) => distance <= testbed.floor! * 1.1);
  const sentence = `Of the stochastic names with ${steps} steps, ${best.entry.label} is closest to the right distribution (distance ${short(best.distance)}), ${worst.entry.label} farthest (${short(worst.distance)})`;
  if (indistinct.length === 0) return [`${sentence}.`];
  return [
    `${sentence}; ${indistinct.length} of ${measured.length} cannot be told from ${testbed.id === 'mixture' ? 'exact samples' : 'chance'} (${short(testbed.floor!)}).`,
  ];
}
