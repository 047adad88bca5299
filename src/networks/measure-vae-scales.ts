import type { Component } from '../checkpoints/checkpoint.ts';
import type { VaeConfig } from '../checkpoints/configs/vae-config.ts';
import { portableLayers } from '../graphs/portable-layers.ts';
import { type VaeHalf, vaeMagnitudes, vaeTensors } from '../graphs/vae.ts';
import { scalesFrom, type VaeScales } from '../graphs/vae-scales.ts';
import { createPhiloxNormals } from '../numerics/philox-normals.ts';
import { vaeGeometry } from './networks.ts';
import { openSession } from './runtime/session.ts';
import { floatsOf, floatTensor } from './runtime/tensors.ts';

/**
 * Side of the latents that are tried. A picture of eight times as many pixels a side, as it is for SDXL, is
 * enough to see them all.
 */
const side = 8;

/**
 * Runs half of a VAE in float32 on the CPU over a few inputs, flat, smooth and rough, and chooses the scales
 * that let it compute in float16. What other pictures reach beyond that has 2^6 of room.
 * @throws CheckpointError or Error as openSession does; Error where float32 is not enough either.
 */
export async function measureVaeScales(component: Component<VaeConfig>, half: VaeHalf): Promise<VaeScales> {
  const { config } = component;
  const { factor, scalingFactor } = vaeGeometry(config);
  const { graph, places } = vaeMagnitudes(config, half, portableLayers);
  const tensors = vaeTensors(config, portableLayers);
  const session = await openSession(component, graph, { device: 'cpu' }, { tensors, blockedLayout: true });
  const largest = new Map<string, number>();
  try {
    const decodes = half === 'decoder';
    const [name, channels, extent] = decodes
      ? (['latents', config.latent_channels, side] as const)
      : (['pixels', config.in_channels, side * factor] as const);
    for (const values of inputs(channels, extent, decodes ? factor : 8)) {
      // Pixels lie in -1 ... 1; latents of unit deviation are divided by the scaling factor before decoding.
      const fit = decodes
        ? values.map((value) => value / scalingFactor)
        : values.map((value) => Math.max(-1, Math.min(1, value / 2)));
      const input = floatTensor(name, fit, [1, channels, extent, extent]);
      const found = floatsOf(await session.run({ [name]: input }), 'largest');
      for (const [index, place] of places.entries())
        largest.set(place, Math.max(largest.get(place) ?? 0, found[index]!));
    }
  } finally {
    await session.release();
  }
  return scalesFrom(largest);
}

/** [channels, extent, extent] of about unit deviation: independent values, smooth ones, two flat ones. */
function* inputs(channels: number, extent: number, grain: number): Generator<Float32Array> {
  const area = extent * extent;
  const rough = new Float32Array(channels * area);
  createPhiloxNormals(0)(rough);
  yield rough;
  // Neighbours share a value over `grain` columns and rows.
  yield rough.map((_, index) => {
    const [channel, y, x] = [Math.floor(index / area), Math.floor((index % area) / extent), index % extent];
    return rough[channel * area + (y - (y % grain)) * extent + x - (x % grain)]!;
  });
  for (const level of [-2, 2]) yield new Float32Array(channels * area).fill(level);
}
