import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import type { GenerationRequest } from '../../src/contract/generation.ts';
import { JobError } from '../../src/jobs/job-error.ts';
import type { Generator, OpenGenerator } from '../generator.ts';

/**
 * An engine without networks, for the tests of everything around them: it holds its thread through each step as a network call
 * does, and its pictures (32 x 32 PNG) depend on the seed and every step. Words in the prompt steer it:
 * `stepMs=50` length of a step, `crashAt=3` dies in that step, `failAt=3` fails as on NaN, `brokenAt=3` throws an unknown error,
 * `deviceAt=3` throws what ONNX Runtime throws when CUDA has no memory left, `previewAt=3` sends a preview with that step.
 */
export const openFakeGenerator: OpenGenerator = async () => fakeGenerator;

const fakeGenerator: Generator = {
  capabilities: {
    endpoints: ['sdxl-torch', 'sdxl-img2img'],
    refiner: true,
    baseModels: ['fake'],
    sizeMultiple: 8,
  },
  generate: async (request, inputImage, onStep) => {
    const { samples, steps } = request;
    const order = (word: string): number | undefined => {
      const value = new RegExp(`\\b${word}=(\\d+)`).exec(request.prompt)?.[1];
      return value === undefined ? undefined : Number(value);
    };
    const pictures = [];
    for (let sample = 0; sample < samples; sample++) {
      let state = hash(`${withoutSeed(request)} ${inputImage?.length ?? 0}`) ^ (request.seed + sample);
      for (let step = 1; step <= steps; step++) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, order('stepMs') ?? 5);
        if (order('crashAt') === step) process.kill(process.pid, 'SIGKILL');
        if (order('failAt') === step)
          throw new JobError(`the latents after step ${step} hold NaN`, { retryable: false });
        if (order('brokenAt') === step) throw new Error('secret detail');
        if (order('deviceAt') === step) throw new Error('CUDA failure 2: out of memory; secret detail');
        state = mix(state + step);
        const preview = order('previewAt') === step ? Buffer.from(`preview of step ${step}`) : undefined;
        await onStep({ sample, samples, step, steps }, preview);
      }
      const latentSha256 = createHash('sha256').update(Uint32Array.of(state)).digest('hex');
      pictures.push({ bytes: noisePng(state), seed: request.seed + sample, latentSha256 });
    }
    return {
      pictures,
      checkpoints: ['fake'],
      stageSeconds: {},
      runtime: 'fake engine',
      precision: 'integer',
    };
  },
};

function withoutSeed({ prompt, negativePrompt, scheduler, steps }: GenerationRequest): string {
  return JSON.stringify([prompt, negativePrompt, scheduler, steps]);
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193);
  return value;
}

/** The finaliser of MurmurHash3. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

const side = 32;

/** Grey noise, as 8-bit PNG rows with filter 0. */
function noisePng(seed: number): Uint8Array {
  const rows = Buffer.alloc(side * (side + 1));
  let state = seed;
  for (let y = 0; y < side; y++) {
    for (let x = 1; x <= side; x++) {
      state = mix(state + 0x9e3779b9);
      rows[y * (side + 1) + x] = state & 255;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(type: string, data: Buffer): Buffer {
  const chunk = Buffer.alloc(data.length + 12);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(type, 4, 'latin1');
  data.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, data.length + 8)), data.length + 8);
  return chunk;
}
