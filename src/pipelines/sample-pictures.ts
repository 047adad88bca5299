import type { VaeDecoder } from '../networks/networks.ts';
import type { Solver } from '../schedulers/scheduler.ts';
import type { LatentSize } from './guidance.ts';
import { type Leg, relay } from './relay.ts';
import { requireFinite } from './request-error.ts';
import { createSamples, type Picture, type Sample, type SamplingOptions, type StepDone } from './sampling.ts';

export interface PictureParts {
  readonly solver: Solver;
  /** At least one; run in order. */
  readonly legs: readonly Leg[];
  readonly decoder: VaeDecoder;
  readonly size: LatentSize;
  /** The latents a sample starts from; draws from the sample's own noise. */
  readonly entry: (sample: Sample) => Float32Array;
}

/** Runs all samples of a request, a batch at a time, and decodes them in the order of their seeds. */
export async function* samplePictures(
  parts: PictureParts,
  options: SamplingOptions,
): AsyncGenerator<StepDone, Picture[]> {
  const { solver, legs, decoder, size } = parts;
  const samples = createSamples(options, decoder.channels * size.height * size.width);
  const pictures: Picture[] = [];
  for (let first = 0; first < samples.length; first += options.batch) {
    const batch = samples.slice(first, first + options.batch);
    const walk = relay(solver, legs, batch, batch.map(parts.entry), options.stopwatch);
    let next = await walk.next();
    for (; next.done !== true; next = await walk.next()) {
      const { step, steps, clean: values } = next.value;
      const clean = { values, channels: decoder.channels, ...size };
      yield { sample: first + batch.length - 1, samples: samples.length, step, steps, clean };
    }
    for (const [index, latents] of next.value.entries()) {
      const { seed } = batch[index]!;
      pictures.push(
        await options.stopwatch.time('vaeDecode', () => decodeLatents(decoder, latents, size, seed)),
      );
    }
  }
  return pictures;
}

/** Final latents to pixels, with a check that the result is a picture at all. */
async function decodeLatents(
  decoder: VaeDecoder,
  latents: Float32Array,
  size: LatentSize,
  seed: number,
): Promise<Picture> {
  const unscaled = latents.map((value) => value / decoder.scalingFactor);
  const pixels = await decoder.decode(unscaled, size.height, size.width);
  requireFinite(pixels, 'the decoded pixels');
  return {
    seed,
    pixels,
    height: size.height * decoder.factor,
    width: size.width * decoder.factor,
    latents,
  };
}
