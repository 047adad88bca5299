import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Checkpoint, Dtype } from '../../../checkpoints/checkpoint.ts';
import { openCheckpoint } from '../../../checkpoints/open-checkpoint.ts';
import { quickVariant, writeTinyCheckpoints } from '../../../checkpoints/synthetic/tiny-checkpoint.ts';
import { clipTextGraph } from '../../../graphs/clip.ts';
import { graphBuilder } from '../../../graphs/graph.ts';
import { portableLayers } from '../../../graphs/portable-layers.ts';
import { after, before } from '../../../testing/hooks.ts';
import { openClipTextEncoder } from '../../clip-text-encoder.ts';
import type { Unet, VaeDecoder } from '../../networks.ts';
import { openUnet } from '../../unet.ts';
import { openVaeDecoder, openVaeEncoder } from '../../vae.ts';
import { openSession } from '../session.ts';
import { createWeightCopier } from './copy-weights.ts';
import type { OwnWeights } from './own-weights.ts';
import { createSharedWeights } from './shared-weights.ts';
import { type HostWeights, hostWeights } from './testing/host-weights.ts';
import { createWeightSeat } from './weight-seat.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'own-weights-'));
/** By element type and seed. */
const written = new Map<string, { base: Checkpoint; refiner: Checkpoint }>();
const checkpoints = async (dtype: Dtype, seed = 0) => {
  const key = `${dtype} ${seed}`;
  const known = written.get(key);
  if (known !== undefined) return known;
  const { base, refiner } = await writeTinyCheckpoints(path.join(directory, key), {
    ...quickVariant,
    dtype,
    seed,
  });
  const opened = { base: await openCheckpoint(base), refiner: await openCheckpoint(refiner) };
  written.set(key, opened);
  return opened;
};
before(() => checkpoints('F16'));
after(() => rmSync(directory, { recursive: true }));

interface Kept {
  readonly device: HostWeights;
  readonly weights: OwnWeights;
}
const kept = (create: typeof createSharedWeights | typeof createWeightSeat): Kept => {
  const device = hostWeights();
  return { device, weights: create(createWeightCopier(device)) };
};

/** The runtime reads every weight out of its file and converts it itself. */
const byRuntime: OwnWeights = { open: async ({ open }) => (await open({})).session };

const noise = (length: number) => Float32Array.from({ length }, (_, index) => Math.sin(index * 1.7));

function predict(unet: Unet, signal?: AbortSignal): Promise<Float32Array> {
  const { channels, crossAttentionWidth, pooledWidth, timeIdCount } = unet;
  return unet.predictNoise(
    {
      ...{ latents: noise(channels * 64), batch: 1, height: 8, width: 8, timestep: 321 },
      encoderHiddenStates: noise(77 * crossAttentionWidth),
      textEmbeds: noise(pooledWidth),
      timeIds: Float32Array.from({ length: timeIdCount }, (_, index) => 64 * index),
    },
    signal,
  );
}

const unetOf = ({ unet, requiresAestheticsScore }: Checkpoint, weights = byRuntime) =>
  openUnet(unet, { device: 'cpu', weights, timeIdCount: requiresAestheticsScore ? 5 : 6 });

/** What every network of a checkpoint makes, to the bit. */
async function outputs(checkpoint: Checkpoint, weights = byRuntime) {
  const all = { device: 'cpu', weights } as const;
  const unet = await unetOf(checkpoint, weights);
  const encoder = await openClipTextEncoder(checkpoint.textEncoders.at(-1)!, all);
  const decoder = await openVaeDecoder(checkpoint.vae, all);
  const vaeEncoder = await openVaeEncoder(checkpoint.vae, all);
  const ids = new Int32Array(77).fill(3);
  ids[5] = 49407 % checkpoint.textEncoders.at(-1)!.config.vocab_size;
  const made = {
    noise: await predict(unet),
    text: await encoder.encodePrompt(ids).catch((error: Error) => error.message),
    pixels: await decoder.decode(noise(decoder.channels * 16), 4, 4),
    moments: await vaeEncoder.encode(
      noise(3 * 16 * decoder.factor ** 2),
      4 * decoder.factor,
      4 * decoder.factor,
    ),
  };
  for (const network of [unet, encoder, decoder, vaeEncoder]) await network.release();
  return made;
}

test('networks with weights in memory of ours compute the same to the bit', async () => {
  const { base } = await checkpoints('F16');
  const expected = await outputs(base);
  for (const create of [createSharedWeights, createWeightSeat]) {
    const { device, weights } = kept(create);
    assert.deepEqual(await outputs(base, weights), expected);
    assert.equal(device.taken(), 0, 'all is given back');
  }
});

test('a checkpoint that differs in one byte shares all its other tensors', async () => {
  const { vae } = (await checkpoints('F16')).base;
  const copy = path.join(directory, 'one-byte.safetensors');
  const [key, at] = [...vae.tensors].sort(([, a], [, b]) => b.byteLength - a.byteLength)[0]!;
  const bytes = readFileSync(at.file);
  // In the middle, where neither end shows it.
  bytes[at.byteOffset + at.byteLength / 2]! ^= 1;
  writeFileSync(copy, bytes);
  const changed = { ...vae, tensors: new Map(vae.tensors).set(key, { ...at, file: copy }) };
  const open = (component: typeof vae, weights: OwnWeights) =>
    openVaeDecoder(component, { device: 'cpu', weights });
  const decode = ({ decode, channels }: VaeDecoder) => decode(noise(channels * 16), 4, 4);
  const expected = [];
  for (const each of [vae, changed]) {
    const decoder = await open(each, byRuntime);
    expected.push(await decode(decoder));
    await decoder.release();
  }
  assert.notDeepEqual(expected[0], expected[1]);

  const { device, weights } = kept(createSharedWeights);
  const first = await open(vae, weights);
  const alone = device.taken();
  const second = await open(changed, weights);
  const third = await open(vae, weights);
  // In float32.
  assert.equal(device.taken() - alone, 2 * at.byteLength);
  assert.deepEqual([await decode(first), await decode(second)], expected);
  await first.release();
  assert.deepEqual([await decode(third), await decode(second)], expected, 'what is shared stays');
  await third.release();
  assert.deepEqual(await decode(second), expected[1]);
  await second.release();
  assert.equal(device.taken(), 0);
});

test('checkpoints take turns in one piece of memory, each as if it were alone', async () => {
  const [one, other] = [await checkpoints('F16'), await checkpoints('F16', 7)];
  const models = [one.base, other.base, one.refiner];
  const expected = [];
  for (const model of models) {
    const unet = await unetOf(model);
    expected.push(await predict(unet));
    await unet.release();
  }
  const { device, weights } = kept(createWeightSeat);
  const unets: Unet[] = [];
  for (const model of models) unets.push(await unetOf(model, weights));
  const taken = device.taken();
  const order = [0, 1, 0, 2, 1, 1, 2, 0];
  // Asked for at once, too.
  const made = await Promise.all(order.map((index) => predict(unets[index]!)));
  for (const [at, index] of order.entries()) assert.deepEqual(made[at], expected[index]!, String(at));
  const before = device.written();
  await predict(unets[0]!);
  assert.equal(device.written(), before, 'who has the seat copies nothing');
  assert.equal(device.taken(), taken);
  const largest = Math.max(
    ...models.map(({ unet }) => [...unet.tensors.values()].reduce((sum, at) => sum + 2 * at.byteLength, 0)),
  );
  assert.ok(taken < 1.2 * largest, `${taken} bytes for networks of at most ${largest}`);
  for (const unet of unets.slice(1)) await unet.release();
  assert.deepEqual(await predict(unets[0]!), expected[0]);
  await unets[0]!.release();
  assert.equal(device.taken(), 0);
  await assert.rejects(predict(unets[0]!), /released/);
});

test('an exchange that is cancelled or fails leaves nothing wrong behind', async () => {
  const [one, other] = [await checkpoints('F16'), await checkpoints('F16', 7)];
  const device = hostWeights();
  const { allocate } = device;
  let failsAfter = Number.POSITIVE_INFINITY;
  const failing: HostWeights = {
    ...device,
    allocate: (bytes) => {
      const memory = allocate(bytes);
      const write: typeof memory.write = (source, offset) => {
        if (failsAfter-- <= 0) throw new Error('CUDA failure 2: out of memory');
        memory.write(source, offset);
      };
      return { ...memory, write };
    },
  };
  const weights = createWeightSeat(createWeightCopier(failing));
  const [first, second] = [await unetOf(one.base, weights), await unetOf(other.base, weights)];
  const expected = [await predict(first), await predict(second)];
  failsAfter = 40;
  await assert.rejects(predict(first), /out of memory/);
  failsAfter = Number.POSITIVE_INFINITY;
  assert.deepEqual([await predict(second), await predict(first)], expected.toReversed());
  await assert.rejects(predict(second, AbortSignal.abort(new Error('not wanted'))), /not wanted/);
  assert.deepEqual([await predict(first), await predict(second)], expected);
  await first.release();
  await second.release();
});

test('a session that cannot be loaded leaves no memory taken', async () => {
  const { base } = await checkpoints('F16');
  for (const create of [createSharedWeights, createWeightSeat]) {
    const { device, weights } = kept(create);
    const { key, at } = { key: 'conv_in.weight', at: base.unet.tensors.get('conv_in.weight')! };
    const tensors = new Map(base.unet.tensors).set(key, { ...at, byteOffset: 2 ** 40 });
    await assert.rejects(unetOf({ ...base, unet: { ...base.unet, tensors } }, weights), /unet: cannot be/);
    assert.deepEqual([device.taken(), device.values()], [0, 0]);
    const refusing: OwnWeights = {
      open: (network) => weights.open({ ...network, open: () => Promise.reject(new Error('no session')) }),
    };
    await assert.rejects(unetOf(base, refusing), /no session/);
    assert.deepEqual([device.taken(), device.values()], [0, 0]);
  }
});

test('a weight that the runtime insists on reading is loaded from its file, and the others are given', async () => {
  const component = (await checkpoints('F16')).base.textEncoders[0]!;
  const { hidden_size: width, intermediate_size: inner } = component.config;
  const graph = graphBuilder('turned');
  const [x, mlp] = [graph.input('x', 'float32', ['rows', width]), 'text_model.encoder.layers.0.mlp'];
  // Turned by the runtime when it loads the graph.
  const first = graph.weight(`${mlp}.fc1.weight`, [inner, width]);
  const turned = graph.node('turned', 'Transpose', [first], { perm: { ints: [1, 0] } });
  const hidden = graph.node('hidden', 'MatMul', [x, turned]);
  graph.output('y', portableLayers(graph).linear(`${mlp}.fc2`, hidden, inner, width), ['rows', width]);
  const finished = graph.finish();
  const run = async (weights: OwnWeights) => {
    const { tensors } = clipTextGraph(component.config, portableLayers, false);
    const session = await openSession(component, finished, { device: 'cpu', weights }, { tensors });
    const made = await session.run({ x: { data: noise(2 * width), shape: [2, width] } });
    await session.release();
    return made;
  };
  const expected = await run(byRuntime);
  const refusals: (readonly string[])[] = [];
  for (const create of [createSharedWeights, createWeightSeat]) {
    const { device, weights } = kept(create);
    const watched: OwnWeights = {
      open: (network) =>
        weights.open({
          ...network,
          open: async (values) => {
            const opened = await network.open(values);
            refusals.push(opened.refused);
            return opened;
          },
        }),
    };
    assert.deepEqual(await run(watched), expected);
    assert.equal(device.taken(), 0);
  }
  assert.deepEqual(refusals, Array(2).fill([`${mlp}.fc1.weight`]));
});
