import type { UnetConfig } from '../../checkpoints/configs/unet-config.ts';
import type { ExportedNetwork } from '../../checkpoints/exported/exported-folder.ts';
import type { Unet } from '../networks.ts';
import { requireLength, requireSize } from '../runtime/tensors.ts';
import type { UnetOptions } from '../unet.ts';
import { type ExportedPort, type Feed, openExportedSession } from './exported-session.ts';

const inputs = ['sample', 'timestep', 'encoder_hidden_states', 'text_embeds', 'time_ids'];

/**
 * Loads an exported UNet2DConditionModel: sample, timestep, encoder_hidden_states, text_embeds, time_ids ->
 * out_sample, as Hugging Face optimum names them. Where its timestep is an integer, a fractional one goes to
 * the nearest.
 * @throws CheckpointError or Error as openExportedSession does.
 */
export async function openExportedUnet(
  network: ExportedNetwork<UnetConfig>,
  options: UnetOptions,
): Promise<Unet> {
  const { config, name, modelFile } = network;
  const { timeIdCount } = options;
  const pooledWidth =
    config.projection_class_embeddings_input_dim - timeIdCount * config.addition_time_embed_dim;
  const contextWidth = config.cross_attention_dim;
  const session = await openExportedSession(modelFile, inputs, ['out_sample'], options);

  return {
    channels: config.in_channels,
    crossAttentionWidth: contextWidth,
    pooledWidth,
    timeIdCount,
    release: session.release,
    async predictNoise(given, signal) {
      const { batch, height, width, timestep } = given;
      for (const [side, size] of Object.entries({ batch, height, width }))
        requireSize(`${name}: ${side}`, size);
      if (!Number.isFinite(timestep))
        throw new Error(`${name}: timestep is ${timestep}; it must be a finite number`);
      const tokens = Math.max(1, Math.ceil(given.encoderHiddenStates.length / (batch * contextWidth)));
      const feed = (field: string, values: Float32Array, ...shape: number[]): Feed => {
        requireLength(`${name}: ${field}`, values.length, shape);
        return { values, shape };
      };
      const { out_sample: noise } = await session.run(
        {
          sample: feed('latents', given.latents, batch, config.in_channels, height, width),
          timestep: timestepFeed(timestep, session.inputs.get('timestep')!),
          encoder_hidden_states: feed(
            'encoderHiddenStates',
            given.encoderHiddenStates,
            ...[batch, tokens, contextWidth],
          ),
          text_embeds: feed('textEmbeds', given.textEmbeds, batch, pooledWidth),
          time_ids: feed('timeIds', given.timeIds, batch, timeIdCount),
        },
        { signal },
      );
      return noise!;
    },
  };
}

/** Exporters trace the timestep as a scalar, or as a list of which one number stands for the whole batch. */
function timestepFeed(timestep: number, { shape }: ExportedPort): Feed {
  const count = typeof shape[0] === 'number' ? shape[0] : 1;
  return { values: new Float32Array(count).fill(timestep), shape: shape.length === 0 ? [] : [count] };
}
