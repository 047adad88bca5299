import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { writeSafetensors } from '../../src/checkpoints/safetensors/write-safetensors.ts';
import { quickVariant, writeTinyCheckpoints } from '../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { readConfig } from '../../src/config/config.ts';
import type { LoraChoice } from '../../src/contract/bodies/lora-fields.ts';
import { fakeRequest } from '../testing/queue.ts';
import type { GrowingGenerator } from './generator.ts';
import { openSdxlGenerator } from './sdxl-generator.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'request-loras-'));
const modelsDir = path.join(directory, 'models');
const base = path.join(modelsDir, 'tiny-base');
let generator: GrowingGenerator;

/** Values that change a picture: rank 1, on one layer of the UNet and one of a text encoder. */
async function writeLora(name: string, sign: number): Promise<void> {
  const { unet, textEncoders } = await openCheckpoint(base);
  const layers = [
    ['lora_unet_mid_block_attentions_0_proj_in', unet.tensors.get('mid_block.attentions.0.proj_in.weight')!],
    [
      'lora_te1_text_model_encoder_layers_0_mlp_fc1',
      textEncoders[0]!.tensors.get('text_model.encoder.layers.0.mlp.fc1.weight')!,
    ],
  ] as const;
  const tensor = (key: string, shape: readonly number[], value: number) => ({
    ...({ name: key, dtype: 'F32', shape } as const),
    bytes: () => {
      const values = new Float32Array(shape.reduce((all, each) => all * each, 1)).map(
        (_, at) => value * ((at % 3) - 1),
      );
      return [new Uint8Array(values.buffer)];
    },
  });
  await writeSafetensors(
    path.join(modelsDir, 'loras', `${name}.safetensors`),
    layers.flatMap(([module, { shape }]) => [
      tensor(`${module}.lora_down.weight`, [1, shape[1]!], 0.5),
      tensor(`${module}.lora_up.weight`, [shape[0]!, 1], 0.5 * sign),
    ]),
  );
}

before(async () => {
  mkdirSync(path.join(modelsDir, 'loras'), { recursive: true });
  await writeTinyCheckpoints(modelsDir, quickVariant);
  rmSync(path.join(modelsDir, 'tiny-refiner'), { recursive: true });
  writeFileSync(
    path.join(base, 'model.json'),
    JSON.stringify({ kind: 'base', serves: ['sdxl-base', 'own'] }),
  );
  await writeLora('one', 1);
  await writeLora('two', -1);
  writeFileSync(path.join(modelsDir, 'loras', 'broken.safetensors'), 'no header at all');
  const config = readConfig({
    MODELS_DIR: modelsDir,
    DEVICE: 'cpu',
    DATA_DIR: path.join(directory, 'data'),
    LORA_VARIANTS: '2',
  });
  generator = await openSdxlGenerator(config);
});
after(() => rmSync(directory, { recursive: true }));

async function latentsOf(loras?: readonly LoraChoice[], model?: string): Promise<string> {
  const request = {
    ...fakeRequest('a red fox', 2),
    width: 64,
    height: 64,
    ...(loras && { loras }),
    ...(model && { model }),
  };
  const { pictures } = await generator.generate(request, {
    ...{ inputImage: undefined, progress: async () => undefined, signal: new AbortController().signal },
  });
  return pictures[0]!.latentSha256;
}

test('a request with LoRAs has pictures of its own, and leaves those of others as they are', async () => {
  const plain = await latentsOf();
  const one = await latentsOf([{ name: 'one', weight: 1 }]);
  const both = await latentsOf([
    { name: 'one', weight: 1 },
    { name: 'two', weight: 0.5 },
  ]);
  assert.equal(new Set([plain, one, both]).size, 3);
  assert.equal(await latentsOf(), plain);
  const began = performance.now();
  assert.equal(await latentsOf([{ name: 'one', weight: 1 }], 'own'), one);
  // The variant is still loaded: two steps at this size.
  assert.ok(performance.now() - began < 5000);
});

test('a LoRA of weight 0 gives the picture without it, to the bit; its text part may stay', async () => {
  const plain = await latentsOf();
  assert.equal(await latentsOf([{ name: 'one', weight: 0 }]), plain);
  // Written after the start.
  await writeLora('later', 1);
  assert.notEqual(await latentsOf([{ name: 'later', weight: 0, textEncoderWeight: 1 }]), plain);
});

test('a LoRA that is not there or cannot be used fails its request with the reason and no folder', async () => {
  await assert.rejects(latentsOf([{ name: 'none', weight: 1 }]), {
    message: 'loras: none is not installed on this worker',
  });
  await assert.rejects(latentsOf([{ name: 'broken', weight: 1 }]), ({ message }: Error) => {
    assert.match(message, /^loras: .*broken\.safetensors: /);
    assert.ok(!message.includes(directory));
    return true;
  });
});
