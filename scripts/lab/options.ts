import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chooseEntries, type Entry, samplerEntries, withVariations } from './entries.ts';
import { readVariations } from './variations.ts';

export const usage = `npm run lab -- [options]: every scheduler on an exact mixture and on a checkpoint, measured and shown on one page
  --checkpoint demo|tiny|none|NAME|DIR   what makes the pictures (default demo); NAME is a model of MODELS_DIR
  --url URL [--key KEY]                  pictures from a running server instead, through its API (key also LAB_API_KEY)
  --schedulers all|NAME,NAME,...         names of both endpoints, or sdxl-torch/NAME, sdxl-img2img/NAME (default all)
  --samplers all|NAME,... [--schedules all|NAME,...]   solvers on schedules (default normal,karras,exponential) instead of --schedulers
  --caches NAME[:KEY=VALUE...],...       each row once more with a step cache: ucache, spectrum
  --guidance-intervals FROM-TO,...       each row once more with guidance between two fractions of its steps alone
  --steps N,N,...                        (default 10,15,20,25,30,50; with --url 20,25,30,50)
  --seeds N                              seeds 1 ... N (default 4)
  --prompts FILE                         one prompt a line; lines from # are left out
  --guidance-scale N                     (default 7.5)        --size N        side of the pictures (default 1024)
  --page-mb N                            largest report.html; its pictures are made to fit (default 3)
  --out DIR                              report.json, report.csv, report.html and what was computed so far (default report)
The same command again goes on where the last one stopped.`;

export interface LabOptions {
  readonly checkpoint: string;
  /** A server's address without a trailing slash; undefined = the engine in this process. */
  readonly url: string | undefined;
  readonly key: string | undefined;
  readonly entries: readonly Entry[];
  /** Rising, without repeats. */
  readonly steps: readonly number[];
  readonly seeds: readonly number[];
  readonly prompts: readonly string[];
  readonly guidanceScale: number;
  /** Side of the pictures, in pixels. */
  readonly size: number;
  readonly pageBytes: number;
  readonly out: string;
}

const defaultPrompt = 'a big red star on the left of a small blue circle';

/** @returns undefined where help is asked for. @throws Error naming the flag and its value. */
export function readOptions(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = process.env,
): LabOptions | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      checkpoint: { type: 'string' },
      url: { type: 'string' },
      key: { type: 'string' },
      schedulers: { type: 'string' },
      samplers: { type: 'string' },
      schedules: { type: 'string' },
      caches: { type: 'string' },
      'guidance-intervals': { type: 'string' },
      steps: { type: 'string' },
      seeds: { type: 'string', default: '4' },
      prompts: { type: 'string' },
      'guidance-scale': { type: 'string', default: '7.5' },
      size: { type: 'string', default: '1024' },
      'page-mb': { type: 'string', default: '3' },
      out: { type: 'string', default: 'report' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  if (values.url !== undefined && values.checkpoint !== undefined)
    throw new Error(
      `--url is ${values.url} and --checkpoint is ${values.checkpoint}: the server has its own checkpoints; give one of them`,
    );
  const [leastSteps, mostSteps] = values.url === undefined ? [2, 500] : [20, 100];
  const given = values.steps ?? (values.url === undefined ? '10,15,20,25,30,50' : '20,25,30,50');
  const steps = given.split(',').map((text) => wholeNumber('--steps', text, leastSteps, mostSteps, given));
  return {
    checkpoint: values.checkpoint ?? 'demo',
    url: values.url === undefined ? undefined : address(values.url),
    key: values.key ?? environment.LAB_API_KEY,
    entries: withVariations(entriesOf(values), variationsOf(values)),
    steps: [...new Set(steps)].sort((a, b) => a - b),
    seeds: Array.from({ length: wholeNumber('--seeds', values.seeds, 1, 64) }, (_, i) => i + 1),
    prompts: values.prompts === undefined ? [defaultPrompt] : readPrompts(values.prompts),
    guidanceScale: number('--guidance-scale', values['guidance-scale'], 1, 25),
    size: wholeNumber('--size', values.size, 64, 2048),
    pageBytes: number('--page-mb', values['page-mb'], 0.5, 100) * 1e6,
    out: values.out,
  };
}

interface Chosen {
  readonly url?: string | undefined;
  readonly schedulers?: string | undefined;
  readonly samplers?: string | undefined;
  readonly schedules?: string | undefined;
}

/** @throws Error naming the flags that do not go together. */
function entriesOf({ url, schedulers, samplers, schedules }: Chosen): Entry[] {
  if (samplers === undefined && schedules === undefined) return chooseEntries(schedulers ?? 'all');
  const flag = samplers === undefined ? '--schedules' : '--samplers';
  if (schedulers !== undefined) throw new Error(`${flag} and --schedulers ${schedulers} exclude each other`);
  if (url !== undefined) throw new Error(`${flag} is computed here alone, not with --url ${url}`);
  return samplerEntries(samplers ?? 'all', schedules ?? 'normal,karras,exponential');
}

/** @throws Error naming a flag that a server cannot be asked for. */
function variationsOf({
  url,
  caches,
  'guidance-intervals': intervals,
}: Chosen & { readonly caches?: string | undefined; readonly 'guidance-intervals'?: string | undefined }) {
  if (url !== undefined && (caches ?? intervals) !== undefined)
    throw new Error(`--caches and --guidance-intervals are computed here alone, not with --url ${url}`);
  return readVariations(caches, intervals);
}

function wholeNumber(flag: string, text: string, least: number, most: number, whole = text): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
  const place = whole === text ? '' : ` in ${JSON.stringify(whole)}`;
  throw new Error(
    `${flag}: ${JSON.stringify(text)}${place} is no whole number from ${least} to ${most}${flag === '--steps' && least === 20 ? ', which is what the API takes' : ''}`,
  );
}

function number(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new Error(`${flag}: ${JSON.stringify(text)} is no number from ${least} to ${most}`);
}

function address(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Error(`--url: ${JSON.stringify(text)} is no http:// or https:// address`);
  return text.replace(/(\/v\d+)?\/+$/, '').replace(/\/v\d+$/, '');
}

function readPrompts(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`--prompts: ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const prompts = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (prompts.length === 0) throw new Error(`--prompts: ${file} holds no prompt`);
  return prompts;
}
