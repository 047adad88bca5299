import { CheckpointError } from '../../checkpoints/checkpoint-error.ts';
import { mostClipSkip } from '../../checkpoints/configs/clip-skip.ts';
import type { ClipTextConfig } from '../../checkpoints/configs/clip-text-config.ts';
import type { ExportedNetwork } from '../../checkpoints/exported/exported-folder.ts';
import type { ClipTextEncoder } from '../networks.ts';
import type { NetworkOptions } from '../runtime/session.ts';
import { requireLength } from '../runtime/tensors.ts';
import { openExportedSession } from './exported-session.ts';

/**
 * Loads an exported CLIP text encoder: input_ids -> hidden_states.<layer>, of which SDXL takes the last but
 * one, and text_embeds from the second encoder, which has a projection. Its tokens' embeddings are inside: no
 * vectors can stand in their place.
 * @throws CheckpointError naming the output that an export without hidden states lacks, and as
 * openExportedSession does.
 */
export async function openExportedTextEncoder(
  network: ExportedNetwork<ClipTextConfig>,
  options: NetworkOptions,
): Promise<ClipTextEncoder> {
  const { config, name, modelFile } = network;
  const hasProjection = name === 'text_encoder_2';
  // hidden_states.0 is the embedding, hidden_states.<layers> the output of the last layer.
  const stateAt = (clipSkip: number) => `hidden_states.${config.num_hidden_layers - 1 - clipSkip}`;
  const projected = hasProjection ? ['text_embeds'] : [];
  const session = await openExportedSession(modelFile, ['input_ids'], [stateAt(0), ...projected], options);
  const tokens = config.max_position_embeddings;
  let deepest = 0;
  while (deepest < mostClipSkip && session.outputs.has(stateAt(deepest + 1))) deepest++;

  return {
    tokens,
    width: config.hidden_size,
    projectionWidth: hasProjection ? config.projection_dim : undefined,
    deepestClipSkip: deepest,
    takesVectors: false,
    release: session.release,
    async encodePrompt(ids, { vectors = [], clipSkip = 0, signal } = {}) {
      if (vectors.length > 0) throw new Error(`${name}: vectors cannot stand in place of tokens`);
      const batch = Math.max(1, Math.ceil(ids.length / tokens));
      requireLength(`${name}: ids`, ids.length, [batch, tokens]);
      const stranger = ids.find((id) => id < 0 || id >= config.vocab_size);
      if (stranger !== undefined)
        throw new CheckpointError(
          `${name}: token id ${stranger} is outside the vocabulary of ${config.vocab_size}`,
        );
      const feeds = { input_ids: { values: ids, shape: [batch, tokens] } };
      const made = await session.run(feeds, { wanted: [stateAt(clipSkip), ...projected], signal });
      return { hiddenStates: made[stateAt(clipSkip)]!, pooled: made.text_embeds };
    },
  };
}
