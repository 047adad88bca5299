/** `node scripts/bench/demo-quality.ts [--count 100]`: how often the demo checkpoint draws what is asked. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { detectThings } from './demo/detect-things.ts';
import { runInProcesses } from './demo/farm.ts';
import { appendRow, digestOf, readRows } from './demo/finished-rows.ts';
import { type Expectation, isRight, judgePicture, type Verdict } from './demo/judge-picture.ts';
import type { PictureJob, PictureOutcome } from './demo/picture-jobs.ts';
import { readPicture } from './demo/read-picture.ts';
import { everyScheduler, type SweptScheduler, schedulerNamed } from './demo/sweep.ts';

const usage = `node scripts/bench/demo-quality.ts [options]: held-out prompts through the pipelines, judged by a classical detector
  --models DIR         checkpoints (default models/demo)
  --drawn DIR          judge DIR/000.png, 001.png, ... instead of generating (validates the detector)
  --count N            prompts (default 100)          --first N           index of the first one (default 0)
  --scheduler NAME     (default: the API's), or all: every name of both endpoints, all as text to image
  --steps N            --guidance-scale N             --no-refiner        --seed N
  --rows FILE          keep finished pictures there and take them from there when started again
  --processes N        side by side (default 2)       --threads N         of each (default 1)
  --save DIR           write the pictures there       --verbose           print every wrong one`;

const points: readonly (keyof Verdict)[] = [
  'colour',
  'shape',
  'position',
  'relation',
  'background',
  'size',
  'count',
];

function readArguments() {
  const { values } = parseArgs({
    options: {
      models: { type: 'string', default: path.resolve(import.meta.dirname, '../../models/demo') },
      drawn: { type: 'string' },
      count: { type: 'string', default: '100' },
      first: { type: 'string', default: '0' },
      scheduler: { type: 'string' },
      steps: { type: 'string' },
      'guidance-scale': { type: 'string' },
      refiner: { type: 'boolean', default: true },
      seed: { type: 'string', default: '1' },
      rows: { type: 'string' },
      processes: { type: 'string', default: '2' },
      threads: { type: 'string', default: '1' },
      save: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowNegative: true,
  });
  return values;
}

type Arguments = ReturnType<typeof readArguments>;

function pictureName(index: number): string {
  return `${String(index).padStart(3, '0')}.png`;
}

/** Of the verdicts that have something to say, how many are right. */
function share(verdicts: readonly (boolean | null)[]): { text: string; value: number } {
  const asked = verdicts.filter((verdict) => verdict !== null);
  const value = asked.filter((verdict) => verdict).length / asked.length;
  return { text: asked.length === 0 ? '-' : `${(100 * value).toFixed(1)} % of ${asked.length}`, value };
}

/** One line of shares; returns the least of those the quality is promised for. */
function report(label: string, verdicts: readonly Verdict[]): number {
  const shares = points.map((point) => ({ point, ...share(verdicts.map((verdict) => verdict[point])) }));
  console.log(
    `${label.padEnd(44)} all right ${share(verdicts.map(isRight)).text}  ${shares.map(({ point, text }) => `${point} ${text}`).join('  ')}`,
  );
  const promised = shares.filter(({ point, value }) => point !== 'size' && point !== 'count' && value >= 0);
  return Math.min(...promised.map(({ value }) => value));
}

function printWrong(index: number, { prompt }: Expectation, verdict: Verdict, detection: unknown): void {
  if (isRight(verdict)) return;
  const wrong = points.filter((point) => verdict[point] === false).join(', ');
  console.log(`${index} ${prompt}: wrong ${wrong}; found ${JSON.stringify(detection)}`);
}

async function judgeDrawn(folder: string, prompts: readonly Expectation[], args: Arguments): Promise<void> {
  const verdicts: Verdict[] = [];
  for (const [offset, expected] of prompts.entries()) {
    const index = Number(args.first) + offset;
    const detection = detectThings(await readPicture(await readFile(path.join(folder, pictureName(index)))));
    verdicts.push(judgePicture(expected, detection));
    if (args.verbose) printWrong(index, expected, verdicts.at(-1)!, detection);
  }
  report('drawn', verdicts);
}

async function judgeMade(prompts: readonly Expectation[], args: Arguments): Promise<void> {
  const checkpoint = await digestOf(args.models);
  const schedulers: (SweptScheduler | undefined)[] =
    args.scheduler === 'all'
      ? everyScheduler()
      : [args.scheduler === undefined ? undefined : schedulerNamed(args.scheduler)];
  const runs = schedulers.map((scheduler) => {
    const jobs = prompts.map((expected, offset): PictureJob => {
      const index = Number(args.first) + offset;
      const body = {
        num_inference_steps: args.steps,
        guidance_scale: args['guidance-scale'],
        refiner: args.refiner,
        seed: Number(args.seed) + index,
      };
      const what = [checkpoint, scheduler?.names[0] ?? 'default', ...Object.values(body), index];
      const save = args.save && path.join(args.save, pictureName(index));
      return { id: what.join('|'), expected, body, scheduler, save };
    });
    return { label: scheduler?.names.join(' = ') ?? 'API defaults', jobs };
  });

  const rows = await readRows(args.rows);
  const missing = runs.flatMap(({ jobs }) => jobs).filter(({ id }) => !rows.has(id));
  const made: Readonly<Record<string, number>>[] = [];
  const started = performance.now();
  let reported = 0;
  const least: { label: string; value: number }[] = [];
  const reportFinished = (): void => {
    for (; reported < runs.length; reported++) {
      const { label, jobs } = runs[reported]!;
      if (!jobs.every(({ id }) => rows.has(id))) return;
      const verdicts = jobs.map(({ id }) => rows.get(id)!.verdict);
      least.push({ label, value: report(label, verdicts) });
    }
  };
  reportFinished();
  const farm = { modelsDir: args.models, processes: Number(args.processes), threads: Number(args.threads) };
  await runInProcesses<PictureJob, PictureOutcome>('picture-jobs.ts', missing, farm, async (outcome, job) => {
    rows.set(outcome.id, outcome);
    made.push(outcome.seconds);
    await appendRow(args.rows, outcome);
    if (args.verbose)
      printWrong(Number(outcome.id.split('|').at(-1)), job.expected, outcome.verdict, outcome.detection);
    reportFinished();
  });
  if (made.length > 0) reportTime(made, (performance.now() - started) / 1000);
  const worst = least.toSorted((a, b) => a.value - b.value)[0]!;
  console.log(
    `least of ${points.slice(0, 5).join(', ')}: ${(100 * worst.value).toFixed(1)} % (${worst.label})`,
  );
}

function reportTime(made: readonly Readonly<Record<string, number>>[], seconds: number): void {
  const total: Record<string, number> = {};
  for (const one of made)
    for (const [stage, value] of Object.entries(one)) total[stage] = (total[stage] ?? 0) + value;
  const stages = Object.entries(total).map(([stage, sum]) => `${stage} ${(sum / made.length).toFixed(3)} s`);
  console.log(
    `${made.length} pictures in ${seconds.toFixed(0)} s, ${(made.length / seconds).toFixed(2)} pictures/s with loading; of one picture: ${stages.join(', ')}`,
  );
}

const args = readArguments();
if (args.help) console.log(usage);
else {
  const all: Expectation[] = JSON.parse(
    await readFile(path.join(import.meta.dirname, 'demo/prompts.json'), 'utf8'),
  );
  const first = Number(args.first);
  const prompts = all.slice(first, first + Number(args.count));
  if (args.drawn === undefined) await judgeMade(prompts, args);
  else await judgeDrawn(args.drawn, prompts, args);
}
