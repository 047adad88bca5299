import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { openCheckpoint } from '../../../checkpoints/open-checkpoint.ts';
import { quickVariant, writeTinyCheckpoints } from '../../../checkpoints/synthetic/tiny-checkpoint.ts';
import { clipTextGraph } from '../../../graphs/clip.ts';
import { cudaLayers } from '../../../graphs/cuda-layers.ts';
import { graphBuilder } from '../../../graphs/graph.ts';
import { type LocatedWeight, locateWeights } from '../../../graphs/locate-weights.ts';
import { placeWeights } from '../../../graphs/place-weights.ts';
import { pooledWidth } from '../../../graphs/pooled-width.ts';
import { unetGraph } from '../../../graphs/unet.ts';
import { vaeGraph } from '../../../graphs/vae.ts';
import { encodeModel } from '../../../onnx/onnx-proto.ts';
import { openInferenceSession } from '../inference-session.ts';
import { sessionOptions } from '../session.ts';
import { isMadeOnDevice } from './convert-on-device.ts';
import { createConversions, createWeightConverter } from './convert-weights.ts';
import { createWeightCopier } from './copy-weights.ts';
import { hostWeights } from './testing/host-weights.ts';
import { arrange } from './weight-memory.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'convert-weights-'));
after(() => rmSync(directory, { recursive: true }));
const converter = createWeightConverter();
after(() => converter.release());

/** The weight as the runtime has it when it has loaded a graph around it. */
async function foldedByRuntime({ weight, at, ...located }: LocatedWeight): Promise<Uint8Array> {
  const graph = graphBuilder('weight');
  const { key, stored, shape, ...use } = weight;
  const value = graph.weight(key, stored, { ...use, shape });
  graph.output(
    'out',
    use.precision === 'float16' ? graph.node('out', 'Cast', [value], { to: { i: 1 } }) : value,
    shape,
  );
  const component = { name: 'weight', directory: '', configFile: '', className: '', config: {} };
  const { model, folder } = placeWeights(graph.finish(), { ...component, tensors: new Map([[key, at]]) });
  const session = await openInferenceSession(
    encodeModel(model),
    sessionOptions(folder, { device: 'cpu' }, {}),
  );
  const { data } = (await session.run({})).out!;
  await session.release();
  const floats = data as Float32Array;
  const typed = use.precision === 'float16' ? new Float16Array(floats) : floats;
  assert.equal(
    typed.length,
    located.shape.reduce((product, side) => product * side, 1),
  );
  return new Uint8Array(typed.buffer);
}

for (const dtype of ['F32', 'BF16'] as const)
  test(`weights of ${dtype} are converted as the runtime converts them`, async () => {
    const { base } = {
      base: await openCheckpoint(
        (await writeTinyCheckpoints(path.join(directory, dtype), { ...quickVariant, dtype })).base,
      ),
    };
    const graph = clipTextGraph(base.textEncoders[0]!.config, cudaLayers('float16'), false);
    const vae = vaeGraph(base.vae.config, 'decoder', cudaLayers('float16'));
    for (const located of [
      ...locateWeights(graph, base.textEncoders[0]!).slice(0, 40),
      ...locateWeights(vae, base.vae).slice(0, 40),
    ])
      assert.deepEqual(await converter.convert(located), await foldedByRuntime(located), located.weight.key);
  });

for (const dtype of ['F32', 'F16'] as const)
  test(`weights of ${dtype} that a device makes are those that the CPU makes`, async () => {
    const folder = path.join(directory, `device-${dtype}`);
    const { base } = await writeTinyCheckpoints(folder, { ...quickVariant, dtype });
    const { unet, vae } = await openCheckpoint(base);
    const layers = cudaLayers('float16');
    const weights = [
      ...locateWeights(
        unetGraph(unet.config, layers, { pooledWidth: pooledWidth(unet, 6), timeIdCount: 6 }),
        unet,
      ),
      ...locateWeights(
        vaeGraph(vae.config, 'decoder', layers, { scales: { stream: 0.25, hidden: new Map() } }),
        vae,
      ),
    ].filter(isMadeOnDevice);
    assert.ok(weights.length > 40);
    const device = hostWeights();
    const { offsets, bytes } = arrange(weights.map(({ weight }) => weight));
    const memory = device.allocate(bytes);
    const placed = weights.map((located, index) => ({ located, offset: offsets[index]! }));
    await createWeightCopier(device).copy(memory, placed);
    for (const { located, offset } of placed) {
      const { key, precision, shape } = located.weight;
      const value = memory.value(offset, precision, shape);
      const made = value.memory!;
      assert.deepEqual(
        new Uint8Array(made.buffer, made.byteOffset, made.byteLength),
        await converter.convert(located),
        key,
      );
      value.release();
    }
    memory.free();
    assert.equal(device.taken(), 0);
  });

test('a conversion that could not be opened is opened anew when it is wanted again', async () => {
  const { base } = await writeTinyCheckpoints(path.join(directory, 'again'), quickVariant);
  const { unet } = await openCheckpoint(base);
  const conditions = { pooledWidth: pooledWidth(unet, 6), timeIdCount: 6 };
  const located = locateWeights(unetGraph(unet.config, cudaLayers('float16'), conditions), unet).find(
    isMadeOnDevice,
  )!;
  // No machine has it.
  const conversions = createConversions('cuda:99');
  const first = conversions.session(located);
  await assert.rejects(first);
  const second = conversions.session(located);
  assert.notEqual(second, first);
  await assert.rejects(second);
  await conversions.release();
});
