import { createHash } from 'node:crypto';
import path from 'node:path';
import type { TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { readSafetensorsHeader } from '../safetensors/safetensors.ts';
import { decodeValues, readTensorBytes } from '../safetensors/tensor-values.ts';

/** SDXL's text encoders as embedding files call them. */
export type EncoderKey = 'clip_l' | 'clip_g';

/** A textual inversion (Gal et al. 2022) of both text encoders. */
export interface Embedding {
  /** How many vectors it is in each encoder. */
  readonly tokens: number;
  /** Row-major, [tokens, width of the encoder]. */
  readonly vectors: Readonly<Record<EncoderKey, Float32Array>>;
  /** Of the vectors as they are stored, in hexadecimal: what pictures depend on. */
  readonly sha256: string;
}

export const embeddingEndings = ['.safetensors', '.pt', '.bin', '.ckpt'];

/** More than a chunk of a prompt has room for cannot be used. */
const mostTokens = 75;

/**
 * Names of the tensors. clip_l and clip_g: kohya's trainers, A1111 and diffusers since its script for SDXL;
 * text_encoders_0 and _1: the first versions of that script
 * (examples/advanced_diffusion_training/train_dreambooth_lora_sdxl_advanced.py).
 */
const keys: Readonly<Record<string, EncoderKey>> = {
  clip_l: 'clip_l',
  clip_g: 'clip_g',
  text_encoders_0: 'clip_l',
  text_encoders_1: 'clip_g',
};

/**
 * Reads an embedding, which is small.
 * @throws CheckpointError naming the file and the tensor: of another model, without a partner in the other
 * text encoder, of a shape that is no list of vectors, or with a value that is no number; and for pickles.
 */
export async function readEmbedding(file: string): Promise<Embedding> {
  if (path.extname(file).toLowerCase() !== '.safetensors')
    throw new CheckpointError(
      `${file}: may hold a Python pickle, which can run code; convert it to safetensors`,
    );
  const { tensors } = await readSafetensorsHeader(file);
  const found = new Map<EncoderKey, [name: string, TensorLocation]>();
  for (const [name, location] of tensors) {
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key === undefined) throw new CheckpointError(`${file}: ${strangerReason(name)}`);
    const twin = found.get(key);
    if (twin !== undefined)
      throw new CheckpointError(`${file}: tensors "${twin[0]}" and "${name}" are of one text encoder`);
    found.set(key, [name, location]);
  }
  const [first, second] = [found.get('clip_l'), found.get('clip_g')];
  if (first === undefined || second === undefined) {
    const only = first ?? second;
    throw new CheckpointError(
      only === undefined
        ? `${file}: holds no embedding`
        : `${file}: holds "${only[0]}" alone; SDXL takes vectors of both text encoders, clip_l and clip_g`,
    );
  }
  const hash = createHash('sha256');
  const [clipL, clipG] = [await readVectors(...first, hash), await readVectors(...second, hash)];
  if (clipL.tokens !== clipG.tokens)
    throw new CheckpointError(
      `${file}: "${first[0]}" has ${clipL.tokens} vectors and "${second[0]}" ${clipG.tokens}; it must be as many`,
    );
  return {
    tokens: clipL.tokens,
    vectors: { clip_l: clipL.values, clip_g: clipG.values },
    sha256: hash.digest('hex'),
  };
}

function strangerReason(name: string): string {
  const known = 'tensors of an SDXL embedding are clip_l and clip_g';
  if (name === 'emb_params')
    return `tensor "${name}" is an embedding of Stable Diffusion 1 or 2, which has one text encoder; ${known}`;
  return `tensor "${name}" cannot be used; ${known}`;
}

async function readVectors(
  name: string,
  location: TensorLocation,
  hash: ReturnType<typeof createHash>,
): Promise<{ tokens: number; values: Float32Array }> {
  const { file, shape, dtype } = location;
  const fail = (problem: string): never => {
    throw new CheckpointError(`${file}: tensor "${name}" ${problem}`);
  };
  const [tokens = 0, width = 0] = shape.length === 1 ? [1, ...shape] : shape;
  if (shape.length < 1 || shape.length > 2 || tokens === 0 || width === 0)
    fail(`has shape [${shape}]; it must be [vectors, width] or [width]`);
  if (tokens > mostTokens) fail(`has ${tokens} vectors; a prompt's chunk has room for ${mostTokens}`);
  const bytes = await readTensorBytes(location);
  hash.update(`${dtype} ${shape} `).update(bytes);
  const values = decodeValues(bytes, dtype);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) fail(`holds ${values[wrong]}; it must hold finite numbers`);
  return { tokens, values };
}
