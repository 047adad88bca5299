import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { crc32, deflateSync } from 'node:zlib';
import type { GenerationRequest } from '../../src/contract/generation.ts';
import type { ServedModel } from '../../src/contract/model-profile.ts';
import { checkpointsOf } from '../../src/contract/routes.ts';
import { baseName, refinerName } from '../../src/contract/served-names.ts';
import { JobError } from '../../src/jobs/job-error.ts';
import { createStopwatch } from '../../src/pipelines/stopwatch.ts';
import { capabilitiesOf, inLoadingOrder, modelsBehind, requireRoom } from '../capabilities.ts';
import {
  type Generated,
  type GeneratorContext,
  type OnLoading,
  type OpenGenerator,
  silently,
} from '../engine/generator.ts';
import { splitOnce } from '../engine/split-samples.ts';

/**
 * An engine without networks, for the tests of everything around them: it holds its thread through each step
 * as a network call does, and its pictures (32 x 32 PNG) depend on the seed and every step. Words in the
 * prompt steer it: `stepMs=50` length of a step, `crashAt=3` dies in that step, `hangAt=3` holds its thread
 * there for ever, `loopAt=3` computes there for ever, `waitAt=3` never ends it, `failAt=3` fails as on NaN,
 * `brokenAt=3` throws an unknown error, `deviceAt=3` throws what ONNX Runtime throws when the GPU has failed,
 * `encodeMs=50` encodes for so long while another request may be computed,
 * `room=2` what it throws when memory ran out where more than two samples are computed at once, `previewAt=3`
 * sends a preview with that step.
 *
 * Its checkpoints are the words of FAKE_MODELS, each served under its own name; by default one stands behind
 * every name. One takes FAKE_LOAD_MS to load; `broken` cannot be loaded, and the loading of `stuck` never
 * ends. FAKE_BROKEN_DEVICE is a device that cannot be opened. FAKE_PICTURE_BYTES makes every picture that
 * long.
 */
export const openFakeGenerator: OpenGenerator = async (config, models, onLoading = silently) => {
  if (config.device === process.env.FAKE_BROKEN_DEVICE) throw new Error(`${config.device} is not there`);
  const served = servedByFake(config.serveModels);
  requireRoom(served, config.residentModels);
  const resident = new Set<string>();
  const load = async (names: readonly string[], onLoading: OnLoading = silently): Promise<void> => {
    for (const name of names) {
      onLoading(name);
      if (name === 'stuck') hang();
      if (name === 'broken') throw new Error('broken: unet/model.safetensors is gone');
      await setTimeout(Number(process.env.FAKE_LOAD_MS ?? 0));
      resident.add(name);
    }
  };
  await load(models ?? served.slice(0, config.residentModels).map(({ name }) => name), onLoading);
  return {
    capabilities: capabilitiesOf(served, 8),
    resident: () => [...resident],
    load,
    generate: async (request, context) => {
      const needed = modelsBehind(checkpointsOf(request), served) ?? [];
      const missing = needed.find((name) => !resident.has(name));
      if (missing !== undefined) throw new Error(`${missing} is not loaded`);
      const stopwatch = createStopwatch();
      const { pictures } = await splitOnce(
        Math.min(config.engineBatch, request.samples),
        (batch) => stopwatch.time('base', () => paint(request, context, batch)),
        () => undefined,
      );
      const encodeMs = /\bencodeMs=(\d+)/.exec(request.prompt)?.[1];
      if (encodeMs !== undefined) {
        context.computed?.();
        await setTimeout(Number(encodeMs), undefined, { signal: context.signal });
      }
      return {
        pictures,
        checkpoints: needed,
        stageSeconds: stopwatch.seconds,
        stages: stopwatch.intervals,
        runtime: 'fake engine',
        precision: 'integer',
        repeatable: true,
      };
    },
  };
};

function servedByFake(only: readonly string[]): ServedModel[] {
  const names = process.env.FAKE_MODELS?.split(' ');
  const all =
    names === undefined
      ? [{ name: 'fake', serves: [baseName, refinerName, 'fake'] }]
      : names.map((name) => ({ name, serves: [name] }));
  const chosen = all.filter(({ serves }) => only.length === 0 || serves.some((name) => only.includes(name)));
  return inLoadingOrder(chosen);
}

async function paint(
  request: GenerationRequest,
  { inputImage, progress }: GeneratorContext,
  batch: number,
): Promise<Pick<Generated, 'pictures'>> {
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
      if (order('hangAt') === step) hang();
      if (order('loopAt') === step) for (let turns = 0; ; turns++) Math.sqrt(turns);
      if (order('waitAt') === step) await new Promise(() => undefined);
      if (order('failAt') === step)
        throw new JobError(`the latents after step ${step} hold NaN`, { retryable: false });
      if (order('brokenAt') === step)
        throw new Error('secret detail', { cause: new RangeError('inner detail') });
      if (order('deviceAt') === step)
        throw new Error('CUDA failure 700: illegal memory access; secret detail');
      if (batch > (order('room') ?? Number.POSITIVE_INFINITY))
        throw new Error('Failed to allocate memory for requested buffer of size 4096; secret detail');
      state = mix(state + step);
      const preview = order('previewAt') === step ? Buffer.from(`preview of step ${step}`) : undefined;
      await progress({ sample, samples, step, steps }, preview);
    }
    const latentSha256 = createHash('sha256').update(Uint32Array.of(state)).digest('hex');
    pictures.push({ bytes: padded(noisePng(state)), seed: request.seed + sample, latentSha256 });
  }
  return { pictures };
}

/** As a native call that does not return. */
function hang(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** With zeros behind its end, which no reader of PNG minds. */
function padded(png: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(Math.max(png.length, Number(process.env.FAKE_PICTURE_BYTES ?? 0)));
  bytes.set(png);
  return bytes;
}

/** What decides a picture beside its seed; how much memory there is does not. */
function withoutSeed({ prompt, negativePrompt, scheduler, steps }: GenerationRequest): string {
  return JSON.stringify([prompt.replace(/ room=\d+/, ''), negativePrompt, scheduler, steps]);
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
