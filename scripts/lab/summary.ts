import { crossing, paretoFront } from './crossing.ts';
import type { EntryReport, Point, Report, TestbedReport } from './report.ts';

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
        ...stochastic(report, testbed),
        ...overhead(report, testbed),
      ],
    })),
    { heading: 'Everywhere', sentences: [...orders(report), ...failures(report), ...aliases(report)] },
  ].filter(({ sentences }) => sentences.length > 0);
}

/** The entries that have numbers of their own. */
function originals({ entries }: Report): EntryReport[] {
  return entries.filter(({ id, computedAs }) => id === computedAs);
}

function pointsOf(report: Report, testbed: TestbedReport, entry: EntryReport): Point[] {
  return report.points.filter((point) => point.testbed === testbed.id && point.entry === entry.id);
}

function curve(report: Report, testbed: TestbedReport, entry: EntryReport) {
  return pointsOf(report, testbed, entry).flatMap(({ calls, [testbed.errorOf]: error }) =>
    calls === null || error === null ? [] : [{ calls, error }],
  );
}

const mostSavings = 3;
const budgets = [20, 30, 50];

/** "DPM Multi reaches the error of 50 Euler steps in 14": for each endpoint against its own Euler. */
function savings(report: Report, testbed: TestbedReport): string[] {
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
function bestAt(report: Report, testbed: TestbedReport): string[] {
  const affordable = originals(report).flatMap((entry) =>
    curve(report, testbed, entry).map((point) => ({ entry, ...point })),
  );
  const best = budgets.flatMap((budget) => {
    const within = affordable.filter(({ calls }) => calls <= budget).sort((a, b) => a.error - b.error)[0];
    return within === undefined || budget > Math.max(...affordable.map(({ calls }) => calls))
      ? []
      : [{ budget, ...within }];
  });
  if (best.length === 0) return [];
  const told = best.map(
    ({ budget, entry, error }) => `${entry.label} with at most ${budget} (${short(error)})`,
  );
  return [
    `By model calls, the closest to the ${testbed.id === 'mixture' ? 'exact' : 'converged'} solution: ${list(told)}.`,
  ];
}

/** How the API's default does beside plain Euler, with the steps that the API takes by default or the nearest there are. */
function defaults(report: Report, testbed: TestbedReport): string[] {
  const find = (name: string) =>
    originals(report).find((entry) => entry.endpoint === 'sdxl-torch' && entry.name === name);
  const [unipc, euler] = [find('UniPC'), find('Euler')];
  if (unipc === undefined || euler === undefined) return [];
  const steps = report.settings.steps.toSorted((a, b) => Math.abs(a - 25) - Math.abs(b - 25))[0];
  const errorOf = (entry: EntryReport) =>
    pointsOf(report, testbed, entry).find((point) => point.steps === steps)?.[testbed.errorOf] ?? null;
  const [own, other] = [errorOf(unipc), errorOf(euler)];
  if (own === null || other === null || own === 0 || other === 0) return [];
  const compared =
    own < other ? `${short(other / own)} times less than Euler's` : `${short(own / other)} times Euler's`;
  return [
    `UniPC, the default of both endpoints, has an error of ${short(own)} with ${steps} steps, ${compared}.`,
  ];
}

function front(report: Report, testbed: TestbedReport): string[] {
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
function stochastic(report: Report, testbed: TestbedReport): string[] {
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

function short(value: number): string {
  return value >= 0.001 && value < 1000 ? String(Number(value.toPrecision(2))) : value.toExponential(1);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function list(parts: readonly string[]): string {
  return parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
