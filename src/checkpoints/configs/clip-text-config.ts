import type { JsonObject } from '../json-file.ts';
import { configReader } from './config-reader.ts';

/**
 * config.json of a CLIP text encoder under its published keys, absent ones as transformers 5's CLIPTextConfig
 * has them.
 */
export interface ClipTextConfig {
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  /** Width of the pooled embedding; of use only to CLIPTextModelWithProjection. */
  readonly projection_dim: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  /** Tokens per chunk. */
  readonly max_position_embeddings: number;
  readonly hidden_act: 'quick_gelu' | 'gelu';
  readonly layer_norm_eps: number;
  /**
   * Where the pooled state is taken: the first token with this id. The value 2, wrong in every config before
   * transformers 4.31 (SDXL's too), means the first occurrence of the highest id instead.
   */
  readonly eos_token_id: number;
}

/** Far above the 32 layers and 77 tokens of SDXL's. */
const mostLayers = 512;
const mostTokens = 4096;

/** @throws CheckpointError naming the file, the key and a value that the network builder does not support. */
export function parseClipTextConfig(json: JsonObject, file: string): ClipTextConfig {
  const read = configReader(json, file);
  read.only('model_type', 'clip_text_model');
  const width = read.integer('hidden_size', 512);
  const heads = read.integer('num_attention_heads', 8);
  if (heads < 1 || width % heads !== 0)
    read.fail('num_attention_heads', `it must divide hidden_size = ${width}`);
  const layers = read.integer('num_hidden_layers', 12, mostLayers);
  if (layers < 2) read.fail('num_hidden_layers', 'the penultimate hidden state needs at least 2');
  return {
    vocab_size: read.integer('vocab_size', 49408),
    hidden_size: width,
    intermediate_size: read.integer('intermediate_size', 2048),
    projection_dim: read.raw('projection_dim') === null ? 512 : read.integer('projection_dim', 512),
    num_hidden_layers: layers,
    num_attention_heads: heads,
    max_position_embeddings: read.integer('max_position_embeddings', 77, mostTokens),
    hidden_act: read.oneOf('hidden_act', ['quick_gelu', 'gelu'], 'quick_gelu'),
    layer_norm_eps: read.number('layer_norm_eps', 1e-5),
    eos_token_id: read.integer('eos_token_id', 49407),
  };
}
