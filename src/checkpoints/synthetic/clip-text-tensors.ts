import type { ClipTextConfig } from '../configs/clip-text-config.ts';
import { affine, type Shapes } from './shapes.ts';

/** Every tensor of transformers' CLIPTextModel (or CLIPTextModelWithProjection) by published name. */
export function clipTextTensors(config: ClipTextConfig, withProjection: boolean): Shapes {
  const width = config.hidden_size;
  const shapes: Shapes = new Map([
    ['text_model.embeddings.token_embedding.weight', [config.vocab_size, width]],
    ['text_model.embeddings.position_embedding.weight', [config.max_position_embeddings, width]],
  ]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const stem = `text_model.encoder.layers.${layer}`;
    for (const part of ['q_proj', 'k_proj', 'v_proj', 'out_proj'])
      affine(shapes, `${stem}.self_attn.${part}`, [width, width]);
    affine(shapes, `${stem}.layer_norm1`, [width]);
    affine(shapes, `${stem}.mlp.fc1`, [config.intermediate_size, width]);
    affine(shapes, `${stem}.mlp.fc2`, [width, config.intermediate_size]);
    affine(shapes, `${stem}.layer_norm2`, [width]);
  }
  affine(shapes, 'text_model.final_layer_norm', [width]);
  if (withProjection) shapes.set('text_projection.weight', [config.projection_dim, width]);
  return shapes;
}
