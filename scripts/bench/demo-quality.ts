import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../../src/config.ts';
import { parseTextToImage } from '../../src/contract/bodies.ts';
import { schedulerNames } from '../../src/schedulers/registry.ts';
import type { Generator } from '../../workers/generator.ts';
import { openSdxlGenerator } from '../../workers/sdxl-generator.ts';
import { detectThings } from './demo/detect-things.ts';
import { type Expectation, judgePicture, type Verdict } from './demo/judge-picture.ts';
import { readPicture } from './demo/read-picture.ts';

const usage = `node scripts/bench/demo-quality.ts [options]: held-out prompts through the pipeline, judged by a classical detector
  --models DIR         checkpoints (default models/demo)
  --drawn DIR          judge DIR/000.png, 001.png, ... instead of generating (validates the detector)
  --count N            prompts (default 100)          --first N           index of the first one (default 0)
  --scheduler NAME     (default: the API's), or all: every name of sdxl-torch
  --steps N            --guidance-scale N             --no-refiner        --seed N
  --save DIR           write the pictures there       --verbose           print every wrong one`;

const points: readonly (keyof Verdict)[] = ['count', 'shape', 'colour', 'size', 'place', 'background'];

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
      save: { type: 'string' },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    allowNegative: true,
  });
  return values;
}

type Arguments = ReturnType<typeof readArguments>;

/** The PNG of the prompt with this index. */
type Draw = (expected: Expectation, index: number) => Promise<Uint8Array>;

function drawnBy(generator: Generator, args: Arguments, scheduler: string | undefined): Draw {
  return async ({ prompt }, index) => {
    const body = {
      prompt,
      scheduler,
      num_inference_steps: args.steps,
      guidance_scale: args['guidance-scale'],
      refiner: args.refiner,
      seed: Number(args.seed) + index,
      output_format: 'png',
    };
    const request = parseTextToImage(body, { drawSeed: () => index, rng: 'philox' });
    const { pictures } = await generator.generate(
      request,
      undefined,
      async () => {},
      new AbortController().signal,
    );
    return pictures[0]!.bytes;
  };
}

function drawnBefore(folder: string): Draw {
  return (_, index) => readFile(path.join(folder, pictureName(index)));
}

function pictureName(index: number): string {
  return `${String(index).padStart(3, '0')}.png`;
}

function share(verdicts: readonly (boolean | null)[]): string {
  const asked = verdicts.filter((verdict) => verdict !== null);
  const right = asked.filter((verdict) => verdict).length;
  return asked.length === 0 ? '-' : `${((100 * right) / asked.length).toFixed(1)} %`;
}

async function measure(label: string, prompts: readonly Expectation[], draw: Draw, args: Arguments) {
  const started = performance.now();
  const verdicts: Verdict[] = [];
  for (const [offset, expected] of prompts.entries()) {
    const index = Number(args.first) + offset;
    const png = await draw(expected, index);
    if (args.save !== undefined) await writeFile(path.join(args.save, pictureName(index)), png);
    const detection = detectThings(await readPicture(png));
    const verdict = judgePicture(expected, detection);
    verdicts.push(verdict);
    if (args.verbose && !isRight(verdict)) {
      const wrong = points.filter((point) => verdict[point] === false).join(', ');
      console.log(`${index} ${expected.prompt}: wrong ${wrong}; found ${JSON.stringify(detection)}`);
    }
  }
  const seconds = (performance.now() - started) / 1000 / prompts.length;
  const byPoint = points.map((point) => `${point} ${share(verdicts.map((verdict) => verdict[point]))}`);
  console.log(
    `${label.padEnd(16)} all ${share(verdicts.map(isRight))}  ${byPoint.join('  ')}  ${seconds.toFixed(1)} s a picture`,
  );
}

function isRight(verdict: Verdict): boolean {
  return points.every((point) => verdict[point] !== false);
}

async function main(): Promise<void> {
  const args = readArguments();
  if (args.help) {
    console.log(usage);
    return;
  }
  const file = path.join(import.meta.dirname, 'demo/prompts.json');
  const first = Number(args.first);
  const all: Expectation[] = JSON.parse(await readFile(file, 'utf8'));
  const prompts = all.slice(first, first + Number(args.count));
  if (args.drawn !== undefined) {
    await measure('drawn', prompts, drawnBefore(args.drawn), args);
    return;
  }
  const generator = await openSdxlGenerator({ ...readConfig(), modelsDir: args.models });
  const names = args.scheduler === 'all' ? schedulerNames('sdxl-torch') : [args.scheduler];
  for (const name of names) {
    await measure(name ?? 'API defaults', prompts, drawnBy(generator, args, name), args);
  }
}

await main();
