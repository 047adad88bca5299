/**
 * `npm run generate -- --prompt "..." --out x.jpg`: the pipelines without the server, or a server's with
 * --url.
 */

import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../../src/config/config.ts';
import type { Adapter } from '../../src/contract/answers/adapters.ts';
import { parseImageToImage, parseTextToImage } from '../../src/contract/bodies/bodies.ts';
import { fewStepLoras } from '../../src/contract/bodies/few-step-loras.ts';
import type { GenerationProgress, GenerationRequest } from '../../src/contract/generation.ts';
import { decodeInputImage } from '../../src/images/decode-input-image.ts';
import { createLoraFolder } from '../../src/installation/lora-folder.ts';
import type { RandomAlgorithm } from '../../src/numerics/random-algorithms.ts';
import { ownCommand } from '../../src/process/own-command.ts';
import { reportFailure } from '../../src/process/report-failure.ts';
import { requireFile, requireWritable } from '../../src/process/usable-path.ts';
import { openSdxlGenerator } from '../../workers/engine/open-generator.ts';
import { chooseDevice } from '../../workers/supervisor/devices/choose-device.ts';
import { batchOnServer } from './generate/batch-on-server.ts';
import { generateOnServer } from './generate/on-server.ts';
import { defaultModels } from './start/demo-models.ts';

const usage = `${ownCommand('generate --prompt TEXT [--out FILE] [options]')}
  --out FILE                  .jpg, .png or .webp (default picture.jpg); further samples get -1, -2, ... before the dot
  --negative-prompt TEXT      --style NAME             --scheduler NAME      --steps N        --guidance-scale N
  --seed N (-1 draws one)     --samples 1-4            --high-noise-fraction N                --no-refiner
  --image FILE                image to image, with     --strength N          --base-model NAME
  --rng philox|torch-cpu      --sampler NAME           --schedule NAME       instead of --scheduler (${ownCommand('schedulers')})
  --lora NAME[@WEIGHT]        of MODELS_DIR/loras, once for each
  --url http://HOST:PORT      have a running server make it, with the key in SDXL_API_KEY, and there
  --model NAME                any model that it serves, with the model's own defaults, or
  --batch FILE [--out FOLDER] every line of a file of JSON bodies; Ctrl-C cancels the rest
The environment is that of the server: MODELS_DIR, DEVICE, PROMPT_EMPHASIS, ...`;

const formats: Readonly<Record<string, string>> = {
  '.jpg': 'jpeg',
  '.jpeg': 'jpeg',
  '.png': 'png',
  '.webp': 'webp',
};

function readArguments() {
  const { values } = parseArgs({
    options: {
      prompt: { type: 'string' },
      out: { type: 'string' },
      'negative-prompt': { type: 'string' },
      style: { type: 'string' },
      scheduler: { type: 'string' },
      sampler: { type: 'string' },
      schedule: { type: 'string' },
      steps: { type: 'string' },
      'guidance-scale': { type: 'string' },
      seed: { type: 'string' },
      samples: { type: 'string' },
      'high-noise-fraction': { type: 'string' },
      refiner: { type: 'boolean', default: true },
      image: { type: 'string' },
      strength: { type: 'string' },
      'base-model': { type: 'string' },
      rng: { type: 'string' },
      lora: { type: 'string', multiple: true, default: [] },
      model: { type: 'string' },
      batch: { type: 'string' },
      url: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
    allowNegative: true,
  });
  return values;
}

type Arguments = ReturnType<typeof readArguments>;

const outOf = ({ out = 'picture.jpg' }: Arguments): string => out;

function outputFormat(args: Arguments): string {
  const out = outOf(args);
  const format = formats[path.extname(out).toLowerCase()];
  if (format === undefined) throw new Error(`--out ${out}: expected .jpg, .png or .webp`);
  return format;
}

function loraOf(text: string): { name: string; weight?: number } {
  const [, name = text, weight] = /^(.+)@(-?[\d.]+)$/.exec(text) ?? [];
  return { name, ...(weight !== undefined && { weight: Number(weight) }) };
}

/** The body that a client would send. */
function bodyOf(args: Arguments) {
  return {
    prompt: args.prompt,
    negative_prompt: args['negative-prompt'],
    scheduler: args.scheduler,
    sampler: args.sampler,
    schedule: args.schedule,
    num_inference_steps: args.steps,
    guidance_scale: args['guidance-scale'],
    seed: args.seed,
    samples: args.samples,
    strength: args.strength,
    rng: args.rng,
    output_format: outputFormat(args),
    loras: args.lora.length === 0 ? undefined : args.lora.map(loraOf),
    ...(args.image === undefined
      ? {
          style: args.style,
          high_noise_fraction: args['high-noise-fraction'],
          // A model of one's own is not refined unless asked.
          refiner:
            (args.model !== undefined || args.lora.length > 0) && args.refiner ? undefined : args.refiner,
          model: args.model,
        }
      : { base_model: args['base-model'] }),
  };
}

/**
 * Checked by the rules of the server.
 * @param loras those of the models folder.
 */
function parseRequest(args: Arguments, rng: RandomAlgorithm, loras: readonly Adapter[]): GenerationRequest {
  const body = bodyOf(args);
  const defaults = { drawSeed: () => Math.floor(Math.random() * 2 ** 32), rng };
  const { asked, warnings, warningsOf } = fewStepLoras(body, loras);
  const parsed = (): GenerationRequest => {
    if (args.image === undefined) return parseTextToImage(body, defaults, false, undefined, asked);
    const edit = { ...body, image: args.image };
    const { image: _, ...request } = parseImageToImage(edit, defaults, undefined, undefined, asked);
    return { ...request, imageKey: '' };
  };
  const request = parsed();
  for (const warning of [...warnings, ...warningsOf(request)]) console.error(warning);
  return request;
}

function showProgress({ sample, samples, step, steps }: GenerationProgress): void {
  const width = 30;
  const filled = Math.round((step / steps) * width);
  const bar = `${'█'.repeat(filled)}${'░'.repeat(width - filled)}`;
  const line = `image ${sample + 1}/${samples}  ${bar}  step ${step}/${steps}`;
  if (process.stderr.isTTY) process.stderr.write(`\r${line}${step === steps ? '\n' : ''}`);
  else if (step === steps) process.stderr.write(`${line}\n`);
}

function numbered(file: string, index: number): string {
  const { dir, name, ext } = path.parse(file);
  return index === 0 ? file : path.join(dir, `${name}-${index}${ext}`);
}

async function writePictures(
  out: string,
  pictures: readonly { readonly bytes: Uint8Array; readonly seed: number | bigint }[],
): Promise<void> {
  for (const [index, { bytes, seed }] of pictures.entries()) {
    const file = numbered(out, index);
    await writeFile(file, bytes);
    console.log(`${file}  seed ${seed}  ${bytes.length} bytes`);
  }
}

async function batch({ batch: lines, out: folder = '.' }: Arguments, url: string): Promise<void> {
  requireFile('--batch', lines!);
  requireWritable('--out', path.join(folder, 'picture.jpg'));
  const ending = new AbortController();
  process.once('SIGINT', () => ending.abort());
  const failures = await batchOnServer({
    ...{ url, key: process.env.SDXL_API_KEY, lines: lines!, folder, signal: ending.signal },
    onProgress: (ended, total) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${ended} of ${total} lines`);
    },
    say: (line) => console.log(line),
  });
  if (failures > 0) process.exitCode = 1;
}

async function onServer(args: Arguments, url: string): Promise<void> {
  const out = outOf(args);
  requireWritable('--out', out);
  if (args.image !== undefined) requireFile('--image', args.image);
  const { pictures, result } = await generateOnServer({
    ...{ url, key: process.env.SDXL_API_KEY, body: bodyOf(args), image: args.image },
    onProgress: showProgress,
  });
  await writePictures(
    out,
    pictures.map((bytes, index) => ({ bytes, seed: BigInt(result.seed) + BigInt(index) })),
  );
  for (const warning of result.warnings ?? []) console.error(warning);
}

async function main(): Promise<void> {
  const args = readArguments();
  if (args.help || (args.prompt === undefined && args.batch === undefined)) {
    console.log(usage);
    process.exitCode = args.help ? 0 : 2;
    return;
  }
  if (args.url !== undefined)
    return args.batch === undefined ? await onServer(args, args.url) : await batch(args, args.url);
  for (const name of ['model', 'batch'] as const)
    if (args[name] !== undefined) throw new Error(`--${name} ${args[name]}: it needs --url`);
  const config = await chooseDevice(readConfig());
  const models = config.modelsDir === undefined ? await defaultModels(config.dataDir) : undefined;
  const modelsDir = config.modelsDir ?? models?.modelsDir;
  const loras = modelsDir === undefined ? [] : (await createLoraFolder(modelsDir).files()).usable;
  const request = parseRequest(args, config.rng, loras);
  for (let sample = 0; sample < request.samples; sample++)
    requireWritable('--out', numbered(outOf(args), sample));
  if (args.image !== undefined) requireFile('--image', args.image);
  const input =
    args.image === undefined
      ? undefined
      : await decodeInputImage(await readFile(args.image), { maxPixels: config.img2imgMaxPixels });
  if (models !== undefined) console.error(models.description);
  const generator = await openSdxlGenerator({ ...config, modelsDir });
  const { pictures, checkpoints, stageSeconds } = await generator.generate(request, {
    inputImage: input?.png,
    progress: async (progress) => showProgress(progress),
    signal: new AbortController().signal,
  });
  await writePictures(outOf(args), pictures);
  const stages = Object.entries(stageSeconds).map(([stage, seconds]) => `${stage} ${seconds.toFixed(2)} s`);
  console.log(`made by ${checkpoints.join(' + ')}: ${stages.join(', ')}`);
}

await main().catch(reportFailure);
