import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Checkpoint } from '../../checkpoints/checkpoint.ts';
import { openCheckpoint } from '../../checkpoints/open-checkpoint.ts';
import { writeTinyCheckpoints } from '../../checkpoints/synthetic/tiny-checkpoint.ts';
import { after, before } from '../../testing/hooks.ts';
import { openClipTextEncoder } from '../clip-text-encoder.ts';
import type { Unet, UnetInput } from '../networks.ts';
import { openUnet } from '../unet.ts';
import { openVaeDecoder, openVaeEncoder } from '../vae.ts';

const cpu = { device: 'cpu' } as const;
const directory = mkdtempSync(path.join(tmpdir(), 'session-'));
let checkpoint: Checkpoint;
let unet: Unet;

before(async () => {
  const { base } = await writeTinyCheckpoints(directory);
  checkpoint = await openCheckpoint(base);
  unet = await openUnet(checkpoint.unet, { ...cpu, timeIdCount: 6 });
});
after(async () => {
  await unet.release();
  rmSync(directory, { recursive: true });
});

function unetInput(overrides: Partial<UnetInput> = {}): UnetInput {
  return {
    latents: new Float32Array(2 * 4 * 8 * 8).fill(0.5),
    batch: 2,
    height: 8,
    width: 8,
    timestep: 10,
    encoderHiddenStates: new Float32Array(2 * 77 * unet.crossAttentionWidth).fill(0.1),
    textEmbeds: new Float32Array(2 * unet.pooledWidth),
    timeIds: new Float32Array(2 * 6),
    ...overrides,
  };
}

for (const [what, overrides, message] of [
  [
    'latents of another size',
    { height: 9 },
    /unet: latents has 512 values; its shape \[2, 4, 9, 8\] holds 576/,
  ],
  [
    'half a token',
    { encoderHiddenStates: new Float32Array(2 * 28 + 1) },
    /encoderHiddenStates has 57 values/,
  ],
  [
    'five time ids',
    { timeIds: new Float32Array(2 * 5) },
    /timeIds has 10 values; its shape \[2, 6\] holds 12/,
  ],
  ['no pooled prompt', { textEmbeds: new Float32Array(0) }, /textEmbeds has 0 values/],
  ['a timestep that is no number', { timestep: Number.NaN }, /timestep is NaN/],
  ['a batch of none', { batch: 0 }, /batch is 0/],
] as const) {
  test(`${what} for a UNet is refused by name and number`, async () => {
    await assert.rejects(unet.predictNoise(unetInput(overrides)), message);
  });
}

test('a run leaves the event loop free, its inputs whole, and gives the same bits again', async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const input = unetInput({ latents: new Float32Array(2 * 4 * 64 * 64).fill(0.5), height: 64, width: 64 });
  const first = await unet.predictNoise(input);
  const [second, third] = await Promise.all([unet.predictNoise(input), unet.predictNoise(input)]);
  clearInterval(timer);
  assert.ok(ticks > 0);
  assert.equal(input.latents.length, 2 * 4 * 64 * 64);
  assert.deepEqual(second, first);
  assert.deepEqual(third, first);
});

test('a UNet forgets the prompt of the run before: another prompt, the same numbers changed in place, the first again', async () => {
  const prompt = (value: number) =>
    new Float32Array(2 * 77 * unet.crossAttentionWidth).map((_, index) => Math.sin(index * value));
  const predict = (encoderHiddenStates: Float32Array) =>
    unet.predictNoise(unetInput({ encoderHiddenStates }));
  const array = prompt(1);
  const first = await predict(array);
  array.set(prompt(2));
  const second = await predict(array);
  const fresh = await openUnet(checkpoint.unet, { ...cpu, timeIdCount: 6 });
  assert.deepEqual(second, await fresh.predictNoise(unetInput({ encoderHiddenStates: prompt(2) })));
  await fresh.release();
  assert.notDeepEqual(second, first);
  const [third, fourth] = await Promise.all([predict(prompt(1)), predict(prompt(2))]);
  assert.deepEqual(third, first);
  assert.deepEqual(fourth, second);
});

test('one sample alone gives what it gives in a batch', async () => {
  const { latents, encoderHiddenStates, textEmbeds, timeIds } = unetInput();
  const half = (values: Float32Array) => values.subarray(0, values.length / 2);
  const both = await unet.predictNoise(unetInput());
  const alone = await unet.predictNoise(
    unetInput({
      batch: 1,
      latents: half(latents),
      encoderHiddenStates: half(encoderHiddenStates),
      textEmbeds: half(textEmbeds),
      timeIds: half(timeIds),
    }),
  );
  for (const [index, value] of alone.entries()) assert.ok(Math.abs(value - both[index]!) < 1e-5);
});

test('a released network refuses work', async () => {
  const encoder = await openVaeEncoder(checkpoint.vae, cpu);
  await encoder.release();
  await assert.rejects(encoder.encode(new Float32Array(3 * 8 * 8), 8, 8), /released/);
});

test('a device that the machine lacks is an error that names it, not a slower one', async () => {
  const options = { device: 'cuda:0' } as const;
  await assert.rejects(openVaeDecoder(checkpoint.vae, options), /vae: cannot be loaded on cuda:0: .+/);
});

test('pixels whose sides do not divide are refused', async () => {
  const encoder = await openVaeEncoder(checkpoint.vae, cpu);
  await assert.rejects(
    encoder.encode(new Float32Array(3 * 12 * 8), 12, 8),
    /12 x 8; both sides must be multiples of 8/,
  );
  await encoder.release();
});

test('prompts with a foreign token, without an end or of odd length are refused', async () => {
  const encoder = await openClipTextEncoder(checkpoint.textEncoders[1]!, cpu);
  await assert.rejects(encoder.encodePrompt(new Int32Array(77).fill(50_000)), /token id 50000 is outside/);
  await assert.rejects(
    encoder.encodePrompt(new Int32Array(77)),
    /row 0 of the ids has no end-of-text token 49407/,
  );
  await assert.rejects(encoder.encodePrompt(new Int32Array(78)), /ids has 78 values/);
  await encoder.release();
});

test('time ids that leave nothing for the pooled prompt are refused', async () => {
  await assert.rejects(openUnet(checkpoint.unet, { ...cpu, timeIdCount: 9 }), /9 time ids .* leave nothing/);
});

test('shards, and links into a folder of blobs, are read where they lie and nothing is written', async () => {
  const { base } = await writeTinyCheckpoints(path.join(directory, 'shards'), { maxShardBytes: 400_000 });
  const folder = path.join(base, 'unet');
  const blobs = path.join(base, 'blobs');
  mkdirSync(blobs);
  for (const file of readdirSync(folder)) {
    renameSync(path.join(folder, file), path.join(blobs, file));
    symlinkSync(path.join('..', 'blobs', file), path.join(folder, file));
  }
  const listing = readdirSync(blobs);
  assert.ok(listing.filter((file) => file.endsWith('.safetensors')).length > 1);
  chmodSync(blobs, 0o555);
  const sharded = await openUnet((await openCheckpoint(base)).unet, { ...cpu, timeIdCount: 6 });
  assert.deepEqual(await sharded.predictNoise(unetInput()), await unet.predictNoise(unetInput()));
  await sharded.release();
  assert.deepEqual(readdirSync(blobs), listing);
});
