/**
 * A checkpoint in SDXL's full size with random weights, distributed as torch initialises new layers (its
 * pictures are noise), for measurements of speed and of agreement:
 *     node scripts/maintainers/random-checkpoint.ts [--kind base|refiner] [--dtype fp32|fp16|bf16] [--seed 0] --out DIR
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Dtype } from '../../src/checkpoints/checkpoint.ts';
import { publishedBase, publishedRefiner } from '../../src/checkpoints/configs/published-configs.ts';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { elementBytes } from '../../src/checkpoints/safetensors/write-safetensors.ts';
import { writeCheckpoint } from '../../src/checkpoints/synthetic/checkpoint-writer.ts';
import { makeFolder } from '../../src/process/usable-path.ts';

const descriptions = { base: publishedBase, refiner: publishedRefiner };
const dtypes: Readonly<Record<string, Dtype>> = { fp32: 'F32', fp16: 'F16', bf16: 'BF16' };

const { values } = parseArgs({
  options: {
    kind: { type: 'string', default: 'base' },
    dtype: { type: 'string', default: 'fp16' },
    seed: { type: 'string', default: '0' },
    out: { type: 'string' },
  },
});
if (values.kind !== 'base' && values.kind !== 'refiner')
  throw new RangeError(`--kind is ${values.kind}; it must be base or refiner`);
const dtype = dtypes[values.dtype];
if (dtype === undefined) throw new RangeError(`--dtype is ${values.dtype}; it must be fp32, fp16 or bf16`);
if (values.out === undefined) throw new RangeError('--out DIR is missing');
makeFolder('--out', values.out);

const start = performance.now();
await writeCheckpoint(path.resolve(values.out), descriptions[values.kind], {
  seed: Number(values.seed),
  dtype,
  torchInitialised: true,
});
const { unet, vae, textEncoders } = await openCheckpoint(values.out);
for (const { name, tensors } of [unet, vae, ...textEncoders]) {
  const parameters = [...tensors.values()].reduce(
    (sum, { byteLength }) => sum + byteLength / elementBytes[dtype],
    0,
  );
  console.log(`${name}: ${tensors.size} tensors, ${(parameters / 1e6).toFixed(1)} M parameters`);
}
console.log(`${values.out}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
