import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createEmbeddingCache } from '../conditioning/embedding-cache.ts';
import type { Picture, SamplingOptions, StepDone } from '../sampling/sampling.ts';
import { createStopwatch } from '../stopwatch.ts';

/** Runs that scripts/maintainers/make-oracles recorded of references, made again here. */

/** What runs have in common that diffusers has no word for. */
export function runOptions() {
  return {
    ...{ samples: 1, batch: 1, rng: 'torch-cpu', emphasis: 'no-norm', maxChunks: 16 },
    ...{ cache: createEmbeddingCache(2 ** 24), stopwatch: createStopwatch() },
  } as const satisfies Partial<SamplingOptions>;
}

/** @param sha256 of the weights that an oracle was made with, by their names in `directory`. */
export function assertMadeWith(sha256: Readonly<Record<string, string>>, directory: string): void {
  for (const [file, expected] of Object.entries(sha256)) {
    const bytes = readFileSync(path.join(directory, file));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), expected, file);
  }
}

export async function allPictures(steps: AsyncGenerator<StepDone, Picture[]>): Promise<Picture[]> {
  let next = await steps.next();
  while (next.done !== true) next = await steps.next();
  return next.value;
}

export async function firstPicture(steps: AsyncGenerator<StepDone, Picture[]>): Promise<Picture> {
  return (await allPictures(steps))[0]!;
}

/** Little-endian float32 from base64. */
export function floats(packed: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(packed, 'base64')).buffer);
}

/** Largest error over the largest value. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  assert.equal(actual.length, expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0) / largest;
}

/** Bytes [height, width, 3] in base64 as pixels [3, height, width] in -1 ... 1. */
export function pixelsOf(packed: string, height: number, width: number): Float32Array {
  const bytes = Buffer.from(packed, 'base64');
  const pixels = new Float32Array(bytes.length);
  for (const [i, value] of bytes.entries())
    pixels[(i % 3) * height * width + Math.floor(i / 3)] = (value / 255) * 2 - 1;
  return pixels;
}
