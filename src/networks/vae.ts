import type { Component } from '../checkpoints/checkpoint.ts';
import type { VaeConfig } from '../checkpoints/configs/vae-config.ts';
import type { Precision } from '../graphs/graph.ts';
import { type VaeHalf, vaeGraph, vaeTensors } from '../graphs/vae.ts';
import type { VaeScales } from '../graphs/vae-scales.ts';
import { allFinite } from '../numerics/all-finite.ts';
import { layersFor } from './layers-for.ts';
import { measureVaeScales } from './measure-vae-scales.ts';
import type { VaeDecoder, VaeEncoder } from './networks.ts';
import { vaeGeometry } from './networks.ts';
import { isCuda } from './runtime/device.ts';
import type { NetworkSession } from './runtime/network-session.ts';
import { type NetworkOptions, openSession } from './runtime/session.ts';
import type { Tensors } from './runtime/tensor-values.ts';
import { floatsOf, floatTarget, floatTensor, requireSize } from './runtime/tensors.ts';
import { readVaeScales } from './vae-scales-file.ts';

/** Options of a VAE. */
export interface VaeOptions extends NetworkOptions {
  /**
   * On CUDA: half computes in float16 on a residual stream that is scaled to fit in it, and again in float32
   * where a result is not finite all the same; float32 alone by default. Elsewhere all is float32.
   */
  readonly vaePrecision?: Precision;
  /** Where scales that were measured before may lie, see vae-scales-file.ts. */
  readonly preparedFolder?: string;
}

type Half = Pick<NetworkSession, 'run' | 'release' | 'warmedUp'>;

/** Loads one half as its device computes it. */
async function openHalf(component: Component<VaeConfig>, half: VaeHalf, options: VaeOptions): Promise<Half> {
  const { config, name } = component;
  const open = (precision: Precision, scales?: VaeScales): Promise<NetworkSession> => {
    const layers = layersFor(options, precision);
    const tensors = vaeTensors(config, layers);
    const graph = vaeGraph(config, half, layers, scales && { scales });
    return openSession(component, graph, options, { tensors, blockedLayout: true });
  };
  if (!isCuda(options.device) || options.vaePrecision !== 'float16') return await open('float32');
  const { preparedFolder: folder } = options;
  const known = folder === undefined ? undefined : await readVaeScales(component, half, folder);
  const session = await open('float16', known ?? (await measureVaeScales(component, half)));
  return {
    ...session,
    run: (input, signal, targets) =>
      withFallback(`${name} ${half}`, session, () => open('float32'), input, signal, targets),
  };
}

/**
 * Runs in float16 and, where a value of the result is not finite, once more in float32, whose session lives
 * for that run alone.
 */
export async function withFallback(
  name: string,
  session: Pick<NetworkSession, 'run'>,
  openFloat32: () => Promise<Pick<NetworkSession, 'run' | 'release'>>,
  input: Tensors,
  signal?: AbortSignal,
  targets?: Tensors,
): Promise<Tensors> {
  const outputs = await session.run(input, signal, targets);
  if (Object.values(outputs).every(({ data }) => !(data instanceof Float32Array) || allFinite(data)))
    return outputs;
  process.stderr.write(`engine: ${name}: float16 was not enough for this picture, computed in float32\n`);
  const wide = await openFloat32();
  try {
    return await wide.run(input, signal, targets);
  } finally {
    await wide.release();
  }
}

/** Loads the encoding half of an AutoencoderKL. @throws CheckpointError or Error as openSession does. */
export async function openVaeEncoder(
  component: Component<VaeConfig>,
  options: VaeOptions,
): Promise<VaeEncoder> {
  const { config, name } = component;
  const encoder = await openHalf(component, 'encoder', options);
  const shape = vaeGeometry(config);

  return {
    ...shape,
    release: encoder.release,
    async encode(pixels, height, width, signal) {
      requireSize(`${name}: height`, height);
      requireSize(`${name}: width`, width);
      if (height % shape.factor !== 0 || width % shape.factor !== 0)
        throw new Error(
          `${name}: pixels are ${height} x ${width}; both sides must be multiples of ${shape.factor}`,
        );
      const input = floatTensor(`${name}: pixels`, pixels, [1, config.in_channels, height, width]);
      return floatsOf(await encoder.run({ pixels: input }, signal), 'moments');
    },
  };
}

/** Loads the decoding half of an AutoencoderKL. @throws CheckpointError or Error as openSession does. */
export async function openVaeDecoder(
  component: Component<VaeConfig>,
  options: VaeOptions,
): Promise<VaeDecoder> {
  const { config, name } = component;
  const decoder = await openHalf(component, 'decoder', options);
  const shape = vaeGeometry(config);

  return {
    ...shape,
    release: decoder.release,
    warmedUp: decoder.warmedUp,
    async decode(latents, height, width, signal) {
      requireSize(`${name}: height`, height);
      requireSize(`${name}: width`, width);
      const input = floatTensor(`${name}: latents`, latents, [1, config.latent_channels, height, width]);
      const sides = [height * shape.factor, width * shape.factor] as const;
      const pixels = floatTarget([1, config.out_channels, ...sides]);
      return floatsOf(await decoder.run({ latents: input }, signal, { pixels }), 'pixels');
    },
  };
}
