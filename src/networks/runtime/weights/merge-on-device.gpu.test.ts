import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { mergeLoras, mergeLorasLater } from '../../../checkpoints/loras/merge-loras.ts';
import { openCheckpoint } from '../../../checkpoints/open-checkpoint.ts';
import { writeTinyCheckpoints } from '../../../checkpoints/synthetic/tiny-checkpoint.ts';
import { cudaLayers } from '../../../graphs/cuda-layers.ts';
import { locateWeights } from '../../../graphs/locate-weights.ts';
import { pooledWidth } from '../../../graphs/pooled-width.ts';
import { unetGraph } from '../../../graphs/unet.ts';
import { runtimeLowRank } from '../../runtime-low-rank.ts';
import { cudaHere } from '../../testing/cuda-here.ts';
import { openCudaArena } from '../cuda/cuda-arena.ts';
import { allocateCuda } from '../cuda/cuda-memory.ts';
import { cudaWeights, weightsIn } from '../cuda/cuda-weights.ts';
import { createWeightConverter } from './convert-weights.ts';
import { createWeightCopier } from './copy-weights.ts';
import { arrange } from './weight-memory.ts';

const skip = cudaHere ? false : 'no CUDA here: `npm run models -- doctor` says what is missing';

test('LoRAs are added on a GPU as the CPU adds them, within one unit in the last place', {
  skip,
}, async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'merge-gpu-'));
  const converter = createWeightConverter();
  const arena = await openCudaArena(0);
  try {
    const plain = await openCheckpoint((await writeTinyCheckpoints(directory)).base);
    const oracles = path.join(import.meta.dirname, '../../../checkpoints/loras/oracles');
    const loras = ['kohya', 'kohya-original'].map((name, index) => ({
      ...{ file: path.join(oracles, `${name}.safetensors`), weight: 0.7 - index },
    }));
    const merged = await mergeLoras(plain, loras, path.join(directory, 'whole'), runtimeLowRank);
    const later = await mergeLorasLater(plain, loras, path.join(directory, 'later'), 'F16');
    const conditions = { pooledWidth: pooledWidth(plain.unet, 6), timeIdCount: 6 };
    const graph = unetGraph(plain.unet.config, cudaLayers('float16'), conditions);
    const [wanted, weights] = [locateWeights(graph, merged.unet), locateWeights(graph, later.unet)];
    const { offsets, bytes } = arrange(weights.map(({ weight }) => weight));
    const memory = allocateCuda(0, bytes);
    const placed = weights.map((located, index) => ({ located, offset: offsets[index]! }));
    await createWeightCopier(cudaWeights(0)).copy(weightsIn(0, memory), placed);
    const read = new Uint8Array(bytes);
    memory.read(read);
    for (const [index, { weight, pending }] of weights.entries()) {
      if (pending === undefined) continue;
      const expected = new Float16Array((await converter.convert(wanted[index]!)).slice().buffer);
      const own = new Float16Array(read.slice(offsets[index], offsets[index]! + expected.byteLength).buffer);
      const isNear = own.every(
        (value, at) => Math.abs(value - expected[at]!) <= 2 ** -10 * Math.abs(expected[at]!) + 2 ** -24,
      );
      assert.ok(isNear, weight.key);
    }
    memory.free();
  } finally {
    await converter.release();
    await arena.release();
    rmSync(directory, { recursive: true });
  }
});
