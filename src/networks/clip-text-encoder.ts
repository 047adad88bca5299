import type { Component } from '../checkpoints/checkpoint.ts';
import type { ClipTextConfig } from '../checkpoints/configs/clip-text-config.ts';
import { clipTextGraph, deepestClipSkip } from '../graphs/clip.ts';
import { layersFor } from './layers-for.ts';
import type { ClipTextEncoder, TokenVector } from './networks.ts';
import { type NetworkOptions, openSession } from './runtime/session.ts';
import type { Tensors } from './runtime/tensor-values.ts';
import { floatsOf, integerTensor, requireLength } from './runtime/tensors.ts';

/** <|endoftext|> of CLIP's vocabulary, which is its last entry; textual inversion adds entries behind it. */
const clipEndOfText = 49407;
/** What configs written before transformers 4.31 say instead, SDXL's among them. */
const wrongEndOfText = 2;

function endOfTextId({ eos_token_id: id, vocab_size: size }: ClipTextConfig): number {
  return id === wrongEndOfText ? Math.min(clipEndOfText, size - 1) : id;
}

/**
 * Loads a CLIPTextModel or CLIPTextModelWithProjection. @throws CheckpointError or Error as openSession does.
 */
export async function openClipTextEncoder(
  component: Component<ClipTextConfig>,
  options: NetworkOptions,
): Promise<ClipTextEncoder> {
  const { config } = component;
  const hasProjection = component.className === 'CLIPTextModelWithProjection';
  const graph = clipTextGraph(config, layersFor(options, 'float16'), hasProjection);
  const session = await openSession(component, graph, options);
  const tokens = config.max_position_embeddings;
  const endOfText = endOfTextId(config);

  return {
    tokens,
    width: config.hidden_size,
    projectionWidth: hasProjection ? config.projection_dim : undefined,
    deepestClipSkip: deepestClipSkip(config),
    takesVectors: true,
    loaded: session,
    release: session.release,
    warmedUp: session.warmedUp,
    async encodePrompt(ids, { vectors = [], clipSkip = 0, signal } = {}) {
      const batch = Math.max(1, Math.ceil(ids.length / tokens));
      requireLength(`${component.name}: ids`, ids.length, [batch, tokens]);
      const stranger = ids.find((id) => id < 0 || id >= config.vocab_size);
      if (stranger !== undefined)
        throw new Error(
          `${component.name}: token id ${stranger} is outside the vocabulary of ${config.vocab_size}`,
        );
      const outputs = await session.run(
        {
          input_ids: integerTensor(ids, [batch, tokens]),
          ...placed(component.name, vectors, [batch, tokens, config.hidden_size]),
          clip_skip: integerTensor([clipSkip], []),
          ...(hasProjection
            ? { pooled_at: integerTensor(firstEnds(component.name, ids, batch, endOfText), [batch]) }
            : {}),
        },
        signal,
      );
      return {
        hiddenStates: floatsOf(outputs, 'hidden_states'),
        pooled: hasProjection ? floatsOf(outputs, 'pooled') : undefined,
      };
    },
  };
}

function placed(
  name: string,
  vectors: readonly TokenVector[],
  [batch, tokens, width]: readonly [batch: number, tokens: number, width: number],
): Tensors {
  const values = new Float32Array(batch * tokens * width);
  const given = new Float32Array(batch * tokens);
  for (const vector of vectors) {
    const place = vector.row * tokens + vector.token;
    requireLength(`${name}: a vector`, vector.values.length, [width]);
    given[place] = 1;
    values.set(vector.values, place * width);
  }
  return {
    vectors: { data: values, shape: [batch, tokens, width] },
    has_vector: { data: given, shape: [batch, tokens, 1] },
  };
}

function firstEnds(name: string, ids: Int32Array, batch: number, endOfText: number): number[] {
  const tokens = ids.length / batch;
  return Array.from({ length: batch }, (_, row) => {
    const position = ids.subarray(row * tokens, (row + 1) * tokens).indexOf(endOfText);
    if (position < 0) throw new Error(`${name}: row ${row} of the ids has no end-of-text token ${endOfText}`);
    return position;
  });
}
