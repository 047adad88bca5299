import { CheckpointError } from '../../checkpoints/checkpoint-error.ts';
import type { VaeConfig } from '../../checkpoints/configs/vae-config.ts';
import type { ExportedNetwork } from '../../checkpoints/exported/exported-folder.ts';
import type { VaeDecoder, VaeEncoder } from '../networks.ts';
import { vaeGeometry } from '../networks.ts';
import type { NetworkOptions } from '../runtime/session.ts';
import { requireLength, requireSize } from '../runtime/tensors.ts';
import { type ExportedSession, openExportedSession } from './exported-session.ts';

/** Loads an exported VAE decoder: latent_sample -> sample. @throws as openExportedSession does. */
export async function openExportedVaeDecoder(
  { config, name, modelFile }: ExportedNetwork<VaeConfig>,
  options: NetworkOptions,
): Promise<VaeDecoder> {
  const session = await openExportedSession(modelFile, ['latent_sample'], ['sample'], options);
  return {
    ...vaeGeometry(config),
    release: session.release,
    async decode(latents, height, width, signal) {
      const shape = [1, config.latent_channels, height, width];
      for (const [side, size] of Object.entries({ height, width })) requireSize(`${name}: ${side}`, size);
      requireLength(`${name}: latents`, latents.length, shape);
      const { sample } = await session.run({ latent_sample: { values: latents, shape } }, { signal });
      return sample!;
    },
  };
}

/**
 * Loads an exported VAE encoder: sample -> latent_parameters, the posterior's moments.
 * @throws CheckpointError for an export whose graph draws the sample itself (latent_sample), because no seed
 * reaches it; else as
 * openExportedSession does.
 */
export async function openExportedVaeEncoder(
  { config, name, modelFile }: ExportedNetwork<VaeConfig>,
  options: NetworkOptions,
): Promise<VaeEncoder> {
  const session = await openExportedSession(modelFile, ['sample'], [], options);
  const moments = momentsOf(session, config);
  if (moments === undefined) {
    await session.release();
    throw new CheckpointError(
      `${modelFile}: its outputs are ${[...session.outputs.keys()].join(', ')}; needed is latent_parameters, the mean and log variance: a graph that draws the sample itself cannot follow a seed. Export with a newer optimum`,
    );
  }
  const geometry = vaeGeometry(config);
  return {
    ...geometry,
    release: session.release,
    async encode(pixels, height, width, signal) {
      const shape = [1, config.in_channels, height, width];
      for (const [side, size] of Object.entries({ height, width })) requireSize(`${name}: ${side}`, size);
      if (height % geometry.factor !== 0 || width % geometry.factor !== 0)
        throw new Error(
          `${name}: pixels are ${height} x ${width}; both sides must be multiples of ${geometry.factor}`,
        );
      requireLength(`${name}: pixels`, pixels.length, shape);
      const feeds = { sample: { values: pixels, shape } };
      return (await session.run(feeds, { wanted: [moments], signal }))[moments]!;
    },
  };
}

/** Moments have two values per latent channel, under whichever name. */
function momentsOf({ outputs }: ExportedSession, config: VaeConfig): string | undefined {
  if (outputs.has('latent_parameters')) return 'latent_parameters';
  return [...outputs].find(([, { shape }]) => shape[1] === 2 * config.latent_channels)?.[0];
}
