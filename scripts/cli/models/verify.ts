import type { Checkpoint } from '../../../src/checkpoints/checkpoint.ts';
import type { NetworkLoaders } from '../../../src/installation/load-models.ts';
import type { ClipTextEncoder } from '../../../src/networks/networks.ts';
import { unscaledLatents } from '../../../src/networks/networks.ts';
import { createPhiloxNormals } from '../../../src/numerics/philox-normals.ts';
import { loadTokenizer } from '../../../src/text/tokenizer.ts';

/** One output of one network. */
export interface Verified {
  readonly network: string;
  readonly output: string;
  readonly values: number;
  /** Largest absolute value of the finite ones. */
  readonly largest: number;
  readonly nan: number;
  readonly infinite: number;
  readonly loadSeconds: number;
  readonly runSeconds: number;
}

const prompt = 'a photograph of an astronaut riding a horse';
const firstTimestep = 999;

/**
 * Loads each network of a checkpoint on its own, runs it once on what a request would give it (a prompt,
 * noise at the first timestep, noise and a gradient for the VAE; a guidance batch of two), and releases it
 * again.
 * @param side of the picture in pixels, a multiple of 8.
 */
export async function* verify(
  checkpoint: Pick<Checkpoint, 'tokenizerDirectories' | 'requiresAestheticsScore'>,
  load: NetworkLoaders,
  side: number,
): AsyncGenerator<Verified> {
  const hidden: { values: Float32Array; tokens: number; width: number }[] = [];
  let pooled = new Float32Array();
  for (const [index, loadEncoder] of load.textEncoders.entries()) {
    const isLast = index === load.textEncoders.length - 1;
    const [encoder, loadSeconds] = await timed(loadEncoder);
    const ids = await tokensFor(encoder, checkpoint.tokenizerDirectories[index], isLast);
    const [encoding, runSeconds] = await timed(() => encoder.encodePrompt(ids));
    await encoder.release();
    const network = `text encoder ${index + 1}`;
    yield { network, ...look('hidden states', encoding.hiddenStates), loadSeconds, runSeconds };
    if (encoding.pooled !== undefined)
      yield { network, ...look('pooled', encoding.pooled), loadSeconds, runSeconds };
    hidden.push({ values: encoding.hiddenStates, tokens: encoder.tokens, width: encoder.width });
    if (isLast) pooled = Float32Array.from(encoding.pooled ?? []);
  }

  const [decoder, decoderLoad] = await timed(load.vaeDecoder);
  const latentSide = side / decoder.factor;
  const latents = unscaledLatents(normals(decoder.channels * latentSide ** 2), decoder);
  const [pixels, decoderRun] = await timed(() => decoder.decode(latents, latentSide, latentSide));
  await decoder.release();
  yield {
    network: 'VAE decoder',
    ...look('pixels', pixels),
    loadSeconds: decoderLoad,
    runSeconds: decoderRun,
  };

  const [encoder, encoderLoad] = await timed(load.vaeEncoder);
  const [moments, encoderRun] = await timed(() => encoder.encode(gradient(side), side, side));
  await encoder.release();
  yield {
    network: 'VAE encoder',
    ...look('moments', moments),
    loadSeconds: encoderLoad,
    runSeconds: encoderRun,
  };

  const [unet, loadSeconds] = await timed(load.unet);
  const sizes = [side, side, 0, 0, ...(checkpoint.requiresAestheticsScore ? [6] : [side, side])];
  const [noise, runSeconds] = await timed(() =>
    unet.predictNoise({
      latents: twice(normals(unet.channels * latentSide ** 2)),
      batch: 2,
      height: latentSide,
      width: latentSide,
      timestep: firstTimestep,
      encoderHiddenStates: sideBySide(hidden),
      textEmbeds: pooled,
      timeIds: twice(Float32Array.from(sizes)),
    }),
  );
  await unet.release();
  yield { network: 'UNet', ...look('noise', noise), loadSeconds, runSeconds };
}

async function timed<Result>(run: () => Promise<Result>): Promise<[result: Result, seconds: number]> {
  const started = performance.now();
  const result = await run();
  return [result, (performance.now() - started) / 1000];
}

/** What stands in an output. */
export function look(
  output: string,
  values: Float32Array,
): Pick<Verified, 'output' | 'values' | 'largest' | 'nan' | 'infinite'> {
  let largest = 0;
  let nan = 0;
  let infinite = 0;
  for (const value of values) {
    const size = Math.abs(value);
    if (Number.isNaN(value)) nan++;
    else if (size === Number.POSITIVE_INFINITY) infinite++;
    else if (size > largest) largest = size;
  }
  return { output, values: values.length, largest, nan, infinite };
}

/** The prompt twice: begin, ids, end, padding. */
async function tokensFor(
  encoder: ClipTextEncoder,
  directory: string | undefined,
  isLast: boolean,
): Promise<Int32Array> {
  const tokenizer = await loadTokenizer({
    ...(directory === undefined ? {} : { directory }),
    pad: isLast ? 0 : 'eos',
  });
  const ids = [tokenizer.bos, ...tokenizer.encode(prompt), tokenizer.eos];
  const row = Array.from({ length: encoder.tokens }, (_, index) => ids[index] ?? tokenizer.pad);
  return Int32Array.from([...row, ...row]);
}

function normals(length: number): Float32Array {
  const values = new Float32Array(length);
  createPhiloxNormals(0)(values);
  return values;
}

function twice(values: Float32Array): Float32Array {
  const both = new Float32Array(2 * values.length);
  both.set(values);
  both.set(values, values.length);
  return both;
}

/** Red from left to right, green from top to bottom, [3, side, side] in -1 ... 1. */
function gradient(side: number): Float32Array {
  const ramp = (position: number) => (2 * position) / (side - 1) - 1;
  return Float32Array.from({ length: 3 * side * side }, (_, index) => {
    const channel = Math.floor(index / side ** 2);
    if (channel === 2) return 0;
    return ramp(channel === 0 ? index % side : Math.floor(index / side) % side);
  });
}

/** The encoders' hidden states [2, tokens, width] side by side along the width, as the UNet takes them. */
function sideBySide(parts: readonly { values: Float32Array; tokens: number; width: number }[]): Float32Array {
  const rows = 2 * parts[0]!.tokens;
  const total = parts.reduce((sum, { width }) => sum + width, 0);
  const result = new Float32Array(rows * total);
  let column = 0;
  for (const { values, width } of parts) {
    for (let row = 0; row < rows; row++)
      result.set(values.subarray(row * width, (row + 1) * width), row * total + column);
    column += width;
  }
  return result;
}
