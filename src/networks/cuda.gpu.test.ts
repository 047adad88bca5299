import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Checkpoint } from '../checkpoints/checkpoint.ts';
import { openCheckpoint } from '../checkpoints/open-checkpoint.ts';
import { writeTinyCheckpoints } from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { operatorCases, operatorWork } from '../graphs/testing/operator-cases.ts';
import { encodeModel } from '../onnx/onnx-proto.ts';
import { after, before } from '../testing/hooks.ts';
import { openClipTextEncoder } from './clip-text-encoder.ts';
import type { Device } from './runtime/device.ts';
import { openInferenceSession } from './runtime/inference-session.ts';
import { cudaHere } from './testing/cuda-here.ts';
import { oracleIds, oracleNumbers, oracleTimeIds, oracleTimestep } from './testing/oracle-inputs.ts';
import { relativeDifference } from './testing/run-expanded.ts';
import { openUnet } from './unet.ts';
import { openVaeDecoder, openVaeEncoder } from './vae.ts';

/** What the CPU tests of the cuda flavour assume of CUDA's own kernels, seen on a device. */
const device: Device = 'cuda:0';
const skip = cudaHere ? false : 'no CUDA here: `npm run models -- doctor` says what is missing';

let checkpoint: Checkpoint;
let directory = '';
before(async () => {
  if (!cudaHere) return;
  directory = mkdtempSync(path.join(tmpdir(), 'cuda-'));
  checkpoint = await openCheckpoint((await writeTinyCheckpoints(directory)).base);
});
after(() => {
  if (directory !== '') rmSync(directory, { recursive: true });
});

for (const one of operatorCases) {
  test(`${one.title}: the CUDA kernel gives what the reference gives`, { skip }, async () => {
    const inputs = Object.fromEntries(
      Object.entries(one.inputs).map(([name, shape], salt) => [
        name,
        { data: oracleNumbers(shape, salt), shape },
      ]),
    );
    const { model, feeds } = operatorWork(one, inputs);
    const session = await openInferenceSession(encodeModel(model), {
      device,
      config: { disable_cpu_ep_fallback: '1' },
    });
    const outputs = await session.run(feeds);
    const names = one.results.filter((name) => name !== '');
    for (const [index, { data }] of one.expected(inputs).entries()) {
      const difference = relativeDifference(outputs[names[index]!]!.data as Float32Array, data);
      // Convolutions and products of float32 go through TensorFloat-32, of 10 bits.
      assert.ok(difference < 2e-3, `${names[index]} differs by ${difference}`);
    }
    await session.release();
  });
}

async function everyNetwork(on: Device): Promise<Record<string, Float32Array>> {
  const unet = await openUnet(checkpoint.unet, { device: on, timeIdCount: 6 });
  const noise = await unet.predictNoise({
    latents: oracleNumbers([2, unet.channels, 13, 17], 1),
    batch: 2,
    height: 13,
    width: 17,
    timestep: oracleTimestep,
    encoderHiddenStates: oracleNumbers([2, 77, unet.crossAttentionWidth], 2),
    textEmbeds: oracleNumbers([2, unet.pooledWidth], 3),
    timeIds: oracleTimeIds[6]!,
  });
  const encoder = await openVaeEncoder(checkpoint.vae, { device: on });
  const moments = await encoder.encode(oracleNumbers([1, 3, 40, 24], 5), 40, 24);
  const decoder = await openVaeDecoder(checkpoint.vae, { device: on });
  const pixels = await decoder.decode(oracleNumbers([1, 4, 5, 3], 6), 5, 3);
  const text = await openClipTextEncoder(checkpoint.textEncoders[1]!, { device: on });
  const { hiddenStates, pooled } = await text.encodePrompt(oracleIds());
  for (const network of [unet, encoder, decoder, text]) await network.release();
  return { noise, moments, pixels, hiddenStates, pooled: pooled! };
}

test('a deterministic UNet gives the same bytes in each of ten runs', { skip }, async () => {
  const options = { device, timeIdCount: 6, deterministic: true };
  const unet = await openUnet(checkpoint.unet, options);
  const side = 32;
  const input = {
    latents: oracleNumbers([2, unet.channels, side, side], 1),
    ...{ batch: 2, height: side, width: side, timestep: oracleTimestep },
    encoderHiddenStates: oracleNumbers([2, 77, unet.crossAttentionWidth], 2),
    textEmbeds: oracleNumbers([2, unet.pooledWidth], 3),
    timeIds: oracleTimeIds[6]!,
  };
  const first = await unet.predictNoise(input);
  for (let run = 1; run < 10; run++) assert.deepEqual(await unet.predictNoise(input), first, `run ${run}`);
  await unet.release();
});

test('every network gives on CUDA what it gives on the CPU', { skip }, async (t) => {
  const [actual, expected] = [await everyNetwork(device), await everyNetwork('cpu')];
  for (const [name, values] of Object.entries(expected)) {
    const difference = relativeDifference(actual[name]!, values);
    t.diagnostic(`${name}: ${difference.toExponential(1)}`);
    assert.ok(difference < 1e-2, `${name} differs by ${difference}`);
  }
});
