import type { VaeDecoder } from '../../networks/networks.ts';
import { unscaledLatents } from '../../networks/networks.ts';
import type { Solver } from '../../schedulers/scheduler.ts';
import { cropped, type Size } from '../canvas.ts';
import { requireFinite } from '../request-error.ts';
import type { LatentSize } from './guidance.ts';
import { type Leg, relay } from './relay.ts';
import { createSamples, type Picture, type Sample, type SamplingOptions, type StepDone } from './sampling.ts';

export interface PictureParts {
  readonly solver: Solver;
  /** At least one; run in order. */
  readonly legs: readonly Leg[];
  readonly decoder: VaeDecoder;
  /** Of the pictures, in pixels. */
  readonly picture: Size;
  /** What they are made on: see canvas.ts. */
  readonly canvas: Size;
  /** The latents a sample starts from; draws from the sample's own noise. */
  readonly entry: (sample: Sample) => Float32Array;
}

/** Runs all samples of a request, a batch at a time, and decodes them in the order of their seeds. */
export async function* samplePictures(
  parts: PictureParts,
  options: SamplingOptions,
): AsyncGenerator<StepDone, Picture[]> {
  const { solver, legs, decoder } = parts;
  const size = latentSize(parts.canvas, decoder.factor);
  const samples = createSamples(options, decoder.channels * size.height * size.width);
  const pictures: Picture[] = [];
  for (let first = 0; first < samples.length; first += options.batch) {
    const batch = samples.slice(first, first + options.batch);
    const walk = relay(solver, legs, batch, batch.map(parts.entry), options);
    let next = await walk.next();
    for (; next.done !== true; next = await walk.next()) {
      const { step, steps, clean: values } = next.value;
      const clean = { values, channels: decoder.channels, ...size };
      yield { sample: first + batch.length - 1, samples: samples.length, step, steps, clean };
    }
    const { latents: finished, evaluations } = next.value;
    for (const [index, latents] of finished.entries()) {
      const { seed } = batch[index]!;
      const picture = await options.stopwatch.time('vaeDecode', () =>
        decodeLatents(parts, latents, seed, options.signal),
      );
      pictures.push({ ...picture, ...(evaluations && { evaluations: evaluations[index]! }) });
    }
  }
  return pictures;
}

/** @param canvas with sides that are multiples of the VAE's factor. */
export function latentSize({ height, width }: Size, factor: number): LatentSize {
  return { height: height / factor, width: width / factor };
}

/** Final latents to pixels, with a check that the result is a picture at all. */
async function decodeLatents(
  { decoder, canvas, picture }: PictureParts,
  latents: Float32Array,
  seed: number,
  signal: AbortSignal | undefined,
): Promise<Picture> {
  const unscaled = unscaledLatents(latents, decoder);
  const { height, width } = latentSize(canvas, decoder.factor);
  const pixels = await decoder.decode(unscaled, height, width, signal);
  requireFinite(pixels, 'the decoded pixels');
  return { seed, pixels: cropped(pixels, canvas, picture), ...picture, canvas, latents };
}
