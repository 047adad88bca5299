import { mostClipSkip } from '../checkpoints/configs/clip-skip.ts';
import type { ClipTextConfig } from '../checkpoints/configs/clip-text-config.ts';
import { graphBuilder, type NetworkGraph, type Sizes, type Value } from './graph.ts';
import type { Flavour } from './layers.ts';

/** How many layers more than the last may be left out: none is left behind that. */
export function deepestClipSkip({ num_hidden_layers: layers }: ClipTextConfig): number {
  return Math.min(mostClipSkip, layers - 1);
}

/** Shapes of the graph's inputs for so many chunks. */
export function clipTextInputs(
  { max_position_embeddings: tokens, hidden_size: width }: ClipTextConfig,
  hasProjection: boolean,
  batch = 1,
): Readonly<Record<string, readonly number[]>> {
  return {
    input_ids: [batch, tokens],
    vectors: [batch, tokens, width],
    has_vector: [batch, tokens, 1],
    clip_skip: [],
    ...(hasProjection && { pooled_at: [batch] }),
  };
}

/** ONNX's number of booleans. */
const boolType = 9;

/**
 * CLIPTextModel or, with projection, CLIPTextModelWithProjection of transformers. Inputs: input_ids [batch,
 * tokens] (int64); vectors [batch, tokens, hidden_size], which stand in place of a token's embedding where
 * has_vector [batch, tokens, 1] is not 0; clip_skip (int64, one number: see checkpoints/configs/clip-skip.ts,
 * at most deepestClipSkip); with projection, pooled_at [batch] (int64), the token whose final state is
 * projected. Outputs: hidden_states [batch, tokens, hidden_size], the state before the last layer or before
 * as many more as clip_skip says, without final norm, and pooled [batch, projection_dim]. Attention is causal
 * and there is no padding mask.
 */
export function clipTextGraph(
  config: ClipTextConfig,
  flavour: Flavour,
  hasProjection: boolean,
  sizes?: Sizes,
): NetworkGraph {
  const graph = graphBuilder('text_encoder', sizes);
  const layers = flavour(graph);
  const width = config.hidden_size;
  const norm = (path: string, x: Value) => layers.layerNorm(path, x, width, config.layer_norm_eps);

  const layer = (path: string, x: Value): Value => {
    const linear = (part: string, y: Value, from: number, to: number) =>
      layers.linear(`${path}.${part}`, y, from, to);
    const normal = norm(`${path}.layer_norm1`, x);
    const attended = layers.attention(
      `${path}.self_attn`,
      linear('self_attn.q_proj', normal, width, width),
      linear('self_attn.k_proj', normal, width, width),
      linear('self_attn.v_proj', normal, width, width),
      config.num_attention_heads,
      true,
    );
    const middle = layers.add(path, x, linear('self_attn.out_proj', attended, width, width));
    const widened = linear('mlp.fc1', norm(`${path}.layer_norm2`, middle), width, config.intermediate_size);
    const active = layers.activation(`${path}.mlp`, config.hidden_act, widened);
    return layers.add(path, middle, linear('mlp.fc2', active, config.intermediate_size, width));
  };

  const embeddings = 'text_model.embeddings';
  const ids = graph.input('input_ids', 'int64', ['batch', 'tokens']);
  const tokenTable = layers.table(`${embeddings}.token_embedding.weight`, config.vocab_size, width);
  const positionTable = layers.table(
    `${embeddings}.position_embedding.weight`,
    config.max_position_embeddings,
    width,
  );
  const positions = graph.node(embeddings, 'Slice', [
    positionTable,
    graph.integers(0),
    graph.node(embeddings, 'Shape', [ids], { start: { i: 1 } }),
    graph.integers(0),
  ]);
  const vectors = graph.input('vectors', 'float32', ['batch', 'tokens', width]);
  const given = graph.input('has_vector', 'float32', ['batch', 'tokens', 1]);
  const tokenEmbeddings = graph.node(embeddings, 'Where', [
    graph.node(embeddings, 'Cast', [given], { to: { i: boolType } }),
    layers.valuesIn(embeddings, vectors),
    graph.node(embeddings, 'Gather', [tokenTable, ids], { axis: { i: 0 } }),
  ]);
  // [batch, tokens, width] + [tokens, width].
  let hidden = graph.node(embeddings, 'Add', [tokenEmbeddings, positions]);
  const states: Value[] = [];
  for (let index = 0; index < config.num_hidden_layers; index++) {
    states.unshift(hidden);
    hidden = layer(`text_model.encoder.layers.${index}`, hidden);
  }
  const path = 'hidden_states';
  const choices = states
    .slice(0, deepestClipSkip(config) + 1)
    .map((state) => graph.node(path, 'Unsqueeze', [layers.valuesOut(path, state), graph.integers(0)]));
  const skip = graph.input('clip_skip', 'int64', []);
  const chosen = graph.node(path, 'Gather', [graph.node(path, 'Concat', choices, { axis: { i: 0 } }), skip], {
    axis: { i: 0 },
  });
  graph.output('hidden_states', chosen, ['batch', 'tokens', width]);

  const final = norm('text_model.final_layer_norm', hidden);
  if (hasProjection) {
    const at = graph.input('pooled_at', 'int64', ['batch']);
    const path = 'text_projection';
    const state = graph.node(
      path,
      'GatherND',
      [final, graph.node(path, 'Unsqueeze', [at, graph.integers(1)])],
      { batch_dims: { i: 1 } },
    );
    const pooled = layers.linear(path, state, width, config.projection_dim, false);
    graph.output('pooled', layers.valuesOut('pooled', pooled), ['batch', config.projection_dim]);
  }
  return graph.finish();
}
