import type { NetworkLoaders } from '../../../src/installation/load-models.ts';
import type { OpenedModel } from '../../../src/installation/open-model.ts';
import { oracleIds, oracleNumbers } from '../../../src/networks/testing/oracle-inputs.ts';

/** One run of one network. */
export interface NetworkRun {
  readonly outputs: Readonly<Record<string, Float32Array>>;
  readonly loadSeconds: number;
  readonly runSeconds: number;
}

type Outputs = NetworkRun['outputs'];

/** A checkpoint's networks, named as the folders of an exported one are. */
export function networkNames({ textEncoders }: OpenedModel): string[] {
  return [...textEncoders.map(({ name }) => name), 'vae_encoder', 'vae_decoder', 'unet'];
}

/**
 * Loads one network, runs it once on inputs that reference.py makes too (a UNet's are a guided step at
 * timestep 500), and releases it.
 * @param inputs side of the picture in pixels, and whether pictures and latents vary slowly (smooth) instead
 * of
 *   being noise.
 * @throws RangeError for a name the checkpoint does not have.
 */
export async function networkOutputs(
  model: OpenedModel,
  load: NetworkLoaders,
  name: string,
  { side, smooth }: { readonly side: number; readonly smooth: boolean },
): Promise<NetworkRun> {
  const maps = smooth ? smoothMaps : oracleNumbers;
  if (name === 'unet') return once(load.unet, (unet) => noiseOf(unet, side, maps));
  if (name === 'vae_encoder')
    return once(load.vaeEncoder, async (encoder) => ({
      moments: await encoder.encode(maps([1, 3, side, side], 5), side, side),
    }));
  if (name === 'vae_decoder')
    return once(load.vaeDecoder, async (decoder) => {
      const latentSide = side / decoder.factor;
      const latents = maps([1, decoder.channels, latentSide, latentSide], 6);
      return { pixels: await decoder.decode(latents, latentSide, latentSide) };
    });
  const loadEncoder = load.textEncoders[model.textEncoders.findIndex((encoder) => encoder.name === name)];
  if (loadEncoder === undefined)
    throw new RangeError(`${model.name} has no network ${name}; it has ${networkNames(model).join(', ')}`);
  return once(loadEncoder, async (encoder) => {
    const { hiddenStates, pooled } = await encoder.encodePrompt(oracleIds());
    return { 'hidden states': hiddenStates, ...(pooled === undefined ? {} : { pooled }) };
  });
}

async function noiseOf(
  unet: Awaited<ReturnType<NetworkLoaders['unet']>>,
  side: number,
  maps: typeof oracleNumbers,
): Promise<Outputs> {
  const latentSide = side / 8;
  const timeIds = unet.timeIdCount === 5 ? [side, side, 0, 0, 6] : [side, side, 0, 0, side, side];
  const noise = await unet.predictNoise({
    latents: maps([2, unet.channels, latentSide, latentSide], 1),
    batch: 2,
    height: latentSide,
    width: latentSide,
    timestep: 500,
    encoderHiddenStates: oracleNumbers([2, 77, unet.crossAttentionWidth], 2),
    textEmbeds: oracleNumbers([2, unet.pooledWidth], 3),
    timeIds: Float32Array.from([...timeIds, ...timeIds]),
  });
  return { noise };
}

async function once<Network extends { release(): Promise<void> }>(
  load: () => Promise<Network>,
  run: (network: Network) => Promise<Outputs>,
): Promise<NetworkRun> {
  const start = performance.now();
  const network = await load();
  const loaded = performance.now();
  const outputs = await run(network);
  const ran = performance.now();
  await network.release();
  return { outputs, loadSeconds: (loaded - start) / 1000, runSeconds: (ran - loaded) / 1000 };
}

/**
 * Maps [batch, channels, height, width] of one slow wave each around a mean of its own, in -1 ... 1: every
 * value of a long sum lies on the same side.
 */
function smoothMaps(shape: readonly number[], salt: number): Float32Array {
  const [height, width] = shape.slice(-2) as [number, number];
  const count = shape.reduce((product, side) => product * side, 1);
  return Float32Array.from({ length: count }, (_, index) => {
    const [column, line] = [index % width, Math.floor(index / width)];
    const phase = Math.floor(line / height) + salt;
    return (
      0.5 * Math.sin(phase) + 0.3 * Math.sin((2 * (line % height)) / height + (1.5 * column) / width + phase)
    );
  });
}
