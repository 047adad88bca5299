import type { TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { renamedOnce } from '../renamed-tensors.ts';

type Tensors = ReadonlyMap<string, TensorLocation>;

/**
 * Published CLIP text encoders have text_model.encoder.layers.0..., files written by transformers 5 have
 * encoder.layers.0...; text_projection.weight stands outside in both.
 * @throws CheckpointError naming the file and a tensor where both forms are mixed.
 */
export function publishedTextEncoderNames(tensors: Tensors): Tensors {
  const inner = [...tensors.keys()].filter((name) => !name.startsWith('text_projection.'));
  const bare = inner.filter((name) => !name.startsWith('text_model.'));
  if (bare.length === 0) return tensors;
  if (bare.length < inner.length)
    throw new CheckpointError(
      `${tensors.get(bare[0]!)!.file}: tensor "${bare[0]}" lacks the text_model. prefix that others in the file have`,
    );
  return renamed(tensors, (name) => (name.startsWith('text_projection.') ? name : `text_model.${name}`));
}

const attentionNames: Readonly<Record<string, string>> = {
  query: 'to_q',
  key: 'to_k',
  value: 'to_v',
  proj_attn: 'to_out.0',
};

/**
 * VAEs written before diffusers 0.17 name their attention query, key, value and proj_attn; renamed to to_q
 * ... to_out.0.
 */
export function publishedVaeNames(tensors: Tensors): Tensors {
  return renamed(tensors, (name) =>
    name.replace(
      /(\.mid_block\.attentions\.0\.)(query|key|value|proj_attn)(\.\w+)$/,
      (_, stem, part, kind) => `${stem}${attentionNames[part]}${kind}`,
    ),
  );
}

function renamed(tensors: Tensors, rename: (name: string) => string): Tensors {
  return renamedOnce(tensors, (name, location) => [rename(name), location]);
}
