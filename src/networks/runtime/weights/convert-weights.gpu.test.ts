import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '../../../checkpoints/open-checkpoint.ts';
import { writeTinyCheckpoints } from '../../../checkpoints/synthetic/tiny-checkpoint.ts';
import { cudaLayers } from '../../../graphs/cuda-layers.ts';
import { locateWeights } from '../../../graphs/locate-weights.ts';
import { pooledWidth } from '../../../graphs/pooled-width.ts';
import { unetGraph } from '../../../graphs/unet.ts';
import { vaeGraph } from '../../../graphs/vae.ts';
import { cudaHere } from '../../testing/cuda-here.ts';
import { openCudaArena } from '../cuda/cuda-arena.ts';
import { allocateCuda } from '../cuda/cuda-memory.ts';
import { cudaWeights, weightsIn } from '../cuda/cuda-weights.ts';
import { createWeightConverter } from './convert-weights.ts';
import { createWeightCopier } from './copy-weights.ts';
import { arrange } from './weight-memory.ts';

const skip = cudaHere ? false : 'no CUDA here: `npm run models -- doctor` says what is missing';

for (const dtype of ['F32', 'F16', 'BF16'] as const)
  test(`weights of ${dtype} come to a GPU as the CPU makes them`, { skip }, async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'convert-gpu-'));
    const converter = createWeightConverter();
    const arena = await openCudaArena(0);
    try {
      const { base } = await writeTinyCheckpoints(directory, { dtype });
      const { unet, vae } = await openCheckpoint(base);
      const layers = cudaLayers('float16');
      const conditions = { pooledWidth: pooledWidth(unet, 6), timeIdCount: 6 };
      const weights = [
        ...locateWeights(unetGraph(unet.config, layers, conditions), unet),
        ...locateWeights(
          vaeGraph(vae.config, 'decoder', layers, { scales: { stream: 0.25, hidden: new Map() } }),
          vae,
        ),
      ];
      const { offsets, bytes } = arrange(weights.map(({ weight }) => weight));
      const memory = allocateCuda(0, bytes);
      const placed = weights.map((located, index) => ({ located, offset: offsets[index]! }));
      await createWeightCopier(cudaWeights(0)).copy(weightsIn(0, memory), placed);
      const read = new Uint8Array(bytes);
      memory.read(read);
      for (const { located, offset } of placed) {
        const expected = await converter.convert(located);
        assert.deepEqual(read.subarray(offset, offset + expected.byteLength), expected, located.weight.key);
      }
      memory.free();
    } finally {
      await converter.release();
      await arena.release();
      rmSync(directory, { recursive: true });
    }
  });
