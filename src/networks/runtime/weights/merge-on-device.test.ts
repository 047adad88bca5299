import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Checkpoint, Dtype } from '../../../checkpoints/checkpoint.ts';
import { type LoraFile, mergeLoras, mergeLorasLater } from '../../../checkpoints/loras/merge-loras.ts';
import { openCheckpoint } from '../../../checkpoints/open-checkpoint.ts';
import { writeTinyCheckpoints } from '../../../checkpoints/synthetic/tiny-checkpoint.ts';
import { cudaLayers } from '../../../graphs/cuda-layers.ts';
import { type LocatedWeight, locateWeights } from '../../../graphs/locate-weights.ts';
import { PendingTensorError } from '../../../graphs/place-weights.ts';
import { pooledWidth } from '../../../graphs/pooled-width.ts';
import { unetGraph } from '../../../graphs/unet.ts';
import { after } from '../../../testing/hooks.ts';
import type { Unet } from '../../networks.ts';
import { runtimeLowRank } from '../../runtime-low-rank.ts';
import { openUnet } from '../../unet.ts';
import { createWeightConverter } from './convert-weights.ts';
import { createWeightCopier } from './copy-weights.ts';
import type { OwnWeights } from './own-weights.ts';
import { createSharedWeights } from './shared-weights.ts';
import { hostWeights } from './testing/host-weights.ts';
import { arrange } from './weight-memory.ts';
import { createWeightSeat } from './weight-seat.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'merge-on-device-'));
after(() => rmSync(directory, { recursive: true }));

const oracles = path.join(import.meta.dirname, '../../../checkpoints/loras/oracles');
const lora = (name: string, weight: number): LoraFile => ({
  file: path.join(oracles, `${name}.safetensors`),
  weight,
});
/** Linear layers, convolutions of one and of nine pixels, two layers in both files. */
const products = [lora('kohya', 0.7), lora('kohya-original', -0.5), lora('diffusers', 0)];

const written = new Map<Dtype, Promise<Checkpoint>>();
async function checkpoint(dtype: Dtype): Promise<Checkpoint> {
  const known = written.get(dtype);
  if (known !== undefined) return known;
  const opened = writeTinyCheckpoints(path.join(directory, dtype), { dtype }).then(({ base }) =>
    openCheckpoint(base),
  );
  written.set(dtype, opened);
  return opened;
}

let folders = 0;
async function both(dtype: Dtype, loras: readonly LoraFile[], computed = dtype) {
  const plain = await checkpoint(dtype);
  const side = (name: string) => path.join(directory, 'sides', `${name}-${folders++}`);
  return {
    plain,
    merged: await mergeLoras(plain, loras, side('whole'), runtimeLowRank),
    later: await mergeLorasLater(plain, loras, side('later'), computed, runtimeLowRank),
  };
}

/** The weights of a UNet as a GPU's graph wants them. */
function located({ unet }: Checkpoint): LocatedWeight[] {
  const conditions = { pooledWidth: pooledWidth(unet, 6), timeIdCount: 6 };
  return locateWeights(unetGraph(unet.config, cudaLayers('float16'), conditions), unet);
}
const waiting = ({ unet }: Checkpoint) => [...unet.tensors.values()].filter(({ pending }) => pending);

test('products come to float16 weights as they are merged before, turned convolutions too', async () => {
  // float32 sums of the same products, in the same order or another: at most one unit in the last place.
  const { merged, later, plain } = await both('F16', products);
  assert.equal(waiting(later).length, 11);
  const [wanted, weights] = [located(merged), located(later)];
  const { offsets, bytes } = arrange(weights.map(({ weight }) => weight));
  const device = hostWeights();
  const memory = device.allocate(bytes);
  const placed = weights.map((each, index) => ({ located: each, offset: offsets[index]! }));
  await createWeightCopier(device).copy(memory, placed);
  const converter = createWeightConverter();
  const originals = located(plain);
  let turned = 0;
  for (const [index, { weight, pending }] of weights.entries()) {
    const expected = await converter.convert(wanted[index]!);
    const value = memory.value(offsets[index]!, weight.precision, weight.shape);
    const { buffer, byteOffset, byteLength } = value.memory!;
    value.release();
    const made = new Uint8Array(buffer, byteOffset, byteLength);
    if (pending === undefined) {
      assert.deepEqual(made, expected, weight.key);
      continue;
    }
    if (weight.channelsLast) turned++;
    assert.notDeepEqual(made, await converter.convert(originals[index]!), weight.key);
    const [own, other] = [made, expected].map((each) => new Float16Array(each.slice().buffer));
    const isNear = own!.every(
      (value, at) => Math.abs(value - other![at]!) <= 2 ** -10 * Math.abs(other![at]!) + 2 ** -24,
    );
    assert.ok(isNear, weight.key);
  }
  assert.equal(turned, 3);
  await converter.release();
});

const noise = (length: number) => Float32Array.from({ length }, (_, index) => Math.sin(index * 1.7));
const predict = (unet: Unet, signal?: AbortSignal): Promise<Float32Array> =>
  unet.predictNoise(
    {
      ...{ latents: noise(unet.channels * 16), batch: 1, height: 4, width: 4, timestep: 321 },
      encoderHiddenStates: noise(77 * unet.crossAttentionWidth),
      textEmbeds: noise(unet.pooledWidth),
      timeIds: Float32Array.from({ length: unet.timeIdCount }, (_, index) => 64 * index),
    },
    signal,
  );
const open = ({ unet }: Checkpoint, weights: OwnWeights) =>
  openUnet(unet, { device: 'cpu', weights, timeIdCount: 6, threads: 1 });

/** The largest difference over the largest value. */
function distance(values: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return values.reduce((most, value, at) => Math.max(most, Math.abs(value - expected[at]!)), 0) / largest;
}

for (const create of [createSharedWeights, createWeightSeat])
  test(`variants beside their checkpoint (${create.name}) bring factors alone, and leave no trace`, async () => {
    const { plain, merged, later } = await both('F32', products);
    const other = (await both('F32', [lora('kohya', 0.3)])).later;
    const device = hostWeights();
    const weights = create(createWeightCopier(device));
    const base = await open(plain, weights);
    const without = await predict(base);
    const copied = device.written();
    const variant = await open(later, weights);
    const second = await open(other, weights);
    const made = [await predict(variant), await predict(second)];
    const whole = await open(merged, createWeightSeat(createWeightCopier(hostWeights())));
    // Sums of float32 in another order.
    assert.ok(distance(made[0]!, await predict(whole)) < 1e-6);
    assert.ok(distance(made[0]!, without) > 1e-3);
    await whole.release();

    const touched = (checkpoint: Checkpoint) =>
      waiting(checkpoint).reduce((sum, { byteLength }) => sum + byteLength, 0);
    const isSeat = create === createWeightSeat;
    // From one variant to the other the seat takes the checkpoint's own tensors in between.
    const bothTouched = new Set([...waiting(later), ...waiting(other)].map(({ pending }) => pending!.onto));
    const least = isSeat ? touched(other) : 0;
    assert.ok(device.written() - copied >= least);
    assert.ok(
      device.written() - copied <=
        (isSeat ? 3 * [...bothTouched].reduce((sum, { byteLength }) => sum + byteLength, 0) : 0),
    );
    // In any order, and asked for at once.
    const order = [base, variant, second, variant, base, second];
    const expected = new Map([
      [base, without],
      [variant, made[0]],
      [second, made[1]],
    ]);
    const all = await Promise.all(order.map((unet) => predict(unet)));
    for (const [index, unet] of order.entries()) assert.deepEqual(all[index], expected.get(unet));
    if (isSeat) {
      await predict(base);
      const before = device.written();
      await predict(variant);
      assert.equal(device.written(), before, 'what is added is added where the weights lie');
      await predict(base);
      assert.equal(device.written() - before, touched(later), 'what was touched is copied anew');
    }
    await base.release();
    assert.deepEqual(await predict(variant), made[0], 'the checkpoint leaves first');
    for (const unet of [variant, second]) await unet.release();
    assert.deepEqual([device.taken(), device.values()], [0, 0]);
  });

test('a merge that is cancelled, or whose file has changed, leaves nothing wrong', async () => {
  const file = path.join(directory, 'changing.safetensors');
  copyFileSync(products[0]!.file, file);
  const { plain, later } = await both('F32', [{ file, weight: 0.7 }, products[1]!]);
  const device = hostWeights();
  const weights = createWeightSeat(createWeightCopier(device));
  const [base, variant] = [await open(plain, weights), await open(later, weights)];
  const expected = [await predict(base), await predict(variant)];
  await predict(base);
  await assert.rejects(predict(variant, AbortSignal.abort(new Error('not wanted'))), /not wanted/);
  // In the middle: so many runs of the session that adds, then no more.
  const ended = new AbortController();
  const ending = assert.rejects(predict(variant, ended.signal), /not wanted/);
  setImmediate(() => ended.abort(new Error('not wanted')));
  await ending;
  assert.deepEqual([await predict(base), await predict(variant)], expected);
  await predict(base);
  utimesSync(file, 1, 1);
  await assert.rejects(predict(variant), /changing\.safetensors.*was changed while it was used/);
  assert.deepEqual(await predict(base), expected[0]);
  for (const unet of [base, variant]) await unet.release();
  assert.deepEqual([device.taken(), device.values()], [0, 0]);

  const shared = createSharedWeights(createWeightCopier(device));
  const first = await open(plain, shared);
  await assert.rejects(open(later, shared), /was changed while it was used/);
  assert.deepEqual(await predict(first), expected[0]);
  await first.release();
  assert.deepEqual([device.taken(), device.values()], [0, 0]);
});

test('what is more than products, or would be rounded before, is merged before', async () => {
  const names = ['kohya', 'lycoris', 'lycoris-dora', 'peft-dora'];
  const loras = names.map((name, index) => lora(name, 0.7 - 0.3 * index));
  const { plain, merged, later } = await both('F16', loras);
  const changed = [...later.unet.tensors].filter(([name, at]) => at !== plain.unet.tensors.get(name));
  const all = [...merged.unet.tensors].filter(([name, at]) => at !== plain.unet.tensors.get(name));
  assert.deepEqual(changed.map(([name]) => name).sort(), all.map(([name]) => name).sort());
  assert.ok(waiting(later).length > 0 && waiting(later).length < changed.length);
  const device = hostWeights();
  const unet = await open(later, createSharedWeights(createWeightCopier(device))).catch(
    (error: Error) => error,
  );
  // On the CPU all is computed in float32, and these are float16.
  assert.ok(unet instanceof Error && unet.cause instanceof PendingTensorError, String(unet));
  assert.deepEqual([device.taken(), device.values()], [0, 0]);
  assert.equal(waiting((await both('F32', loras, 'F16')).later).length, 0);
  // Whoever does not know of such tensors fails.
  await assert.rejects(openUnet(later.unet, { device: 'cpu', timeIdCount: 6 }), /lies in no file/);
});
