import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readConfig } from '../../src/config.ts';
import { parseImageToImage, parseTextToImage } from '../../src/contract/bodies.ts';
import { openSdxlGenerator } from '../../workers/sdxl-generator.ts';
import { detectThings, type RgbPicture } from './demo/detect-things.ts';
import { type Expectation, judgePicture } from './demo/judge-picture.ts';
import { difference, edgeSharpness, groundDistance, pairedTest } from './demo/picture-measures.ts';
import { readPicture } from './demo/read-picture.ts';
import { colours } from './demo/shapes.ts';

/**
 * Whether each knob of the API moves its effect in the right direction, on pairs of pictures with equal seeds:
 * `node scripts/bench/demo-effects.ts [models/demo] [pairs, default 50]`
 */
const models = process.argv[2] ?? path.resolve(import.meta.dirname, '../../models/demo');
const pairs = Number(process.argv[3] ?? 50);
const generator = await openSdxlGenerator({ ...readConfig(), modelsDir: models });
const file = path.join(import.meta.dirname, 'demo/prompts.json');
const prompts: Expectation[] = JSON.parse(await readFile(file, 'utf8'));
const defaults = { drawSeed: () => 0, rng: 'philox' as const };

async function draw(fields: Record<string, unknown>, input?: Uint8Array): Promise<Uint8Array> {
  const body = { output_format: 'png', ...fields };
  const { image: _, ...imageToImage } = parseImageToImage({ image: 'input', ...body }, defaults);
  const request =
    input === undefined ? parseTextToImage(body, defaults) : { ...imageToImage, imageKey: 'input' };
  const { pictures } = await generator.generate(request, input, async () => {}, new AbortController().signal);
  return pictures[0]!.bytes;
}

async function see(fields: Record<string, unknown>, input?: Uint8Array): Promise<RgbPicture> {
  return readPicture(await draw(fields, input));
}

/** `effect` gives what should be positive, for the n-th pair. */
async function test(label: string, effect: (index: number) => Promise<number>): Promise<void> {
  const differences: number[] = [];
  for (let index = 0; index < pairs; index++) differences.push(await effect(index));
  const { mean, p } = pairedTest(differences);
  const right = differences.filter((value) => value > 0).length;
  const verdict = mean > 0 && p < 0.01 ? 'ok' : 'NOT SHOWN';
  console.log(
    `${label.padEnd(44)} mean ${mean.toFixed(3)}  right in ${right}/${pairs}  p ${p.toExponential(1)}  ${verdict}`,
  );
}

function pointsRight(expected: Expectation, picture: RgbPicture): number {
  return Object.values(judgePicture(expected, detectThings(picture))).filter((point) => point === true)
    .length;
}

const names = Object.keys(colours);
const white = [250, 250, 250];

await test('guidance 7.5 against 1: points right', async (seed) => {
  const expected = prompts[seed]!;
  const { prompt } = expected;
  const strong = await see({ prompt, seed, guidance_scale: 7.5 });
  return (
    pointsRight(expected, strong) - pointsRight(expected, await see({ prompt, seed, guidance_scale: 1 }))
  );
});

const open = prompts.filter(({ background }) => background === null);
await test('negative "white background": distance from white', async (seed) => {
  const { prompt } = open[seed % open.length]!;
  const against = await see({ prompt, seed, negative_prompt: 'white background' });
  return groundDistance(against, white) - groundDistance(await see({ prompt, seed }), white);
});

await test('(colour:1.4) against (colour:0.6): ground nearer', async (seed) => {
  const ground = names[seed % names.length]!;
  const prompt = (weight: number) => `a circle on a (${ground}:${weight}) background`;
  const weak = groundDistance(await see({ prompt: prompt(0.6), seed }), colours[ground]!);
  return weak - groundDistance(await see({ prompt: prompt(1.4), seed }), colours[ground]!);
});

await test('refiner on against off: edge sharpness', async (seed) => {
  const { prompt } = prompts[seed]!;
  const refined = edgeSharpness(await see({ prompt, seed, refiner: true }));
  return refined - edgeSharpness(await see({ prompt, seed, refiner: false }));
});

const strengths = [0.2, 0.5, 0.8];
const changes: number[][] = [];
for (let seed = 0; seed < pairs; seed++) {
  const input = await draw({ prompt: prompts[seed]!.prompt, seed });
  const before = await readPicture(input);
  const { prompt } = prompts[(seed + 100) % prompts.length]!;
  const after: number[] = [];
  for (const strength of strengths) {
    after.push(difference(before, await see({ prompt, seed, strength }, input)));
  }
  changes.push(after);
}
await test('strength 0.5 against 0.2: change of the input', async (index) =>
  changes[index]![1]! - changes[index]![0]!);
await test('strength 0.8 against 0.5: change of the input', async (index) =>
  changes[index]![2]! - changes[index]![1]!);
