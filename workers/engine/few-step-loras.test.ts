import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { writeTinyCheckpoints } from '../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import type { FewStepLora } from '../../src/contract/answers/adapters.ts';
import { parseTextToImage } from '../../src/contract/bodies/bodies.ts';
import { type FewStepKind, fewStepNoise, fewStepProfile } from '../../src/contract/few-steps.ts';
import { loadModels } from '../../src/installation/load-models.ts';
import { createLoraFolder } from '../../src/installation/lora-folder.ts';
import { createNetworkPool } from '../../src/installation/network-pool.ts';
import type { Models } from '../../src/pipelines/models.ts';
import { firstPicture, runOptions } from '../../src/pipelines/testing/oracle-runs.ts';
import { textToImage } from '../../src/pipelines/text-to-image.ts';
import { after, before } from '../../src/testing/hooks.ts';
import { createRequestLoras } from './request-loras.ts';

/** What scripts/maintainers/make-oracles/few-steps.py recorded of diffusers' pipeline; explained there. */
interface Run {
  readonly kind: FewStepKind;
  readonly steps: number;
  readonly firstTimestep?: number;
  readonly hasLora?: true;
  readonly guidanceScale: number;
  readonly eta: number | null;
  readonly seed: number;
  readonly height: number;
  readonly width: number;
  readonly prompt: string;
  readonly timesteps: readonly number[];
  readonly latents: string;
}
const oracles = path.join(import.meta.dirname, '../../src/pipelines/oracles');
const { runs }: { runs: Run[] } = JSON.parse(
  gunzipSync(readFileSync(path.join(oracles, 'few-step-loras.json.gz'))).toString(),
);
const directory = mkdtempSync(path.join(tmpdir(), 'few-step-loras-'));
const loras = path.join(directory, 'loras');
const withLora = runs.filter(({ hasLora }) => hasLora);
const nameOf = ({ kind, steps, firstTimestep }: Run) =>
  `${kind}-${steps}${firstTimestep === undefined ? '' : `-${firstTimestep}`}`;
let merged: Models;
let listed: ReadonlyMap<string, FewStepLora>;

before(async () => {
  const { base } = await writeTinyCheckpoints(directory);
  mkdirSync(loras);
  for (const run of withLora) {
    const { kind, steps, firstTimestep } = run;
    copyFileSync(
      path.join(oracles, 'few-step-lora.safetensors'),
      path.join(loras, `${nameOf(run)}.safetensors`),
    );
    writeFileSync(
      path.join(loras, `${nameOf(run)}.json`),
      JSON.stringify({
        few_step: { kind, steps, ...(firstTimestep !== undefined && { first_timestep: firstTimestep }) },
      }),
    );
  }
  const { usable } = await createLoraFolder(directory).files();
  listed = new Map(usable.flatMap(({ name, few_step }) => (few_step ? [[name, few_step] as const] : [])));
  const places = { pool: createNetworkPool() };
  const installed = { name: 'tiny-base', directory: base, checkpoint: base, serves: ['sdxl-base'] };
  const models = await loadModels(
    { ...installed, manifest: undefined },
    { device: 'cpu' },
    undefined,
    places,
  );
  const merge = createRequestLoras(
    { dataDir: path.join(directory, 'data'), loraVariants: 1 },
    directory,
    { device: 'cpu' },
    places,
    () => ({ ...installed, manifest: undefined }),
  );
  // One file under all the names.
  const any = [{ name: nameOf(withLora[0]!), weight: 1 }];
  merged = await merge('sdxl-base', models, any, async () => undefined);
});
after(() => rmSync(directory, { recursive: true }));

for (const run of withLora)
  test(`a request that names a LoRA of few steps is made as diffusers makes it: ${nameOf(run)}`, async () => {
    const { kind, steps, first_timestep: first } = listed.get(nameOf(run))!;
    const wanted = { kind, steps, ...(first !== undefined && { firstTimestep: first }) };
    const request = parseTextToImage(
      {
        ...{ prompt: `${run.prompt}<lora:${nameOf(run)}:1>`, seed: run.seed, rng: 'torch-cpu' },
        ...(run.eta !== null && { eta: run.eta }),
      },
      { drawSeed: () => 0, rng: 'torch-cpu' },
      false,
      undefined,
      { profile: fewStepProfile(wanted), noise: fewStepNoise(wanted) },
    );
    assert.deepEqual([request.refiner, request.steps, request.prompt], [false, run.steps, run.prompt]);
    // LCM's card takes 1 for no guidance, diffusers' pipeline both.
    assert.ok(request.guidanceScale <= 1);
    const timesteps: number[] = [];
    const { unet } = merged;
    const watched: Models = {
      ...merged,
      unet: {
        ...unet,
        predictNoise: (input, signal) => {
          timesteps.push(Math.round(input.timestep));
          assert.equal(input.batch, 1);
          return unet.predictNoise(input, signal);
        },
      },
    };
    const made = await firstPicture(
      textToImage(watched, undefined, {
        ...{ ...request, ...runOptions(), height: run.height, width: run.width },
      }),
    );
    assert.deepEqual(timesteps, run.timesteps);
    const expected = new Float32Array(new Uint8Array(Buffer.from(run.latents, 'base64')).buffer);
    const error = made.latents.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
    assert.ok(error < 1e-3, `the final latents differ by ${error}`);
  });
