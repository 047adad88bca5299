import type { ClipTextEncoder, PromptEncoding, TokenVector } from '../../networks/networks.ts';
import { chunkPrompts, type PromptChunk, PromptError } from '../../text/chunks.ts';
import { embeddingNames, type PromptEmbedding } from '../../text/embedding-names.ts';
import { applyEmphasis, type EmphasisMode } from '../../text/emphasis.ts';
import type { Models, TextStage } from '../models.ts';
import { RequestError } from '../request-error.ts';
import type { EmbeddingCache } from './embedding-cache.ts';

/** One prompt as the UNet takes it. */
export interface PromptEmbeds {
  /** [tokens, crossAttentionWidth] */
  readonly hiddenStates: Float32Array;
  /** [pooledWidth] */
  readonly pooled: Float32Array;
}

/** The positive and, for guided sampling, the negative prompt, equally long. */
export interface Conditioning {
  readonly positive: PromptEmbeds;
  readonly negative: PromptEmbeds | undefined;
}

/** SDXL's text encoders as embedding files call them. */
type EncoderKey = 'clip_l' | 'clip_g';

/** An embedding that a prompt names, with its vectors. */
export interface LoadedEmbedding extends PromptEmbedding {
  /** Row-major, [tokens, width of the encoder]. */
  readonly vectors: Readonly<Record<EncoderKey, Float32Array>>;
  /** Tells its vectors from others. */
  readonly sha256: string;
}

export interface ConditioningOptions {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** Whether the negative prompt is needed at all (guidance scale above 1). */
  readonly guided: boolean;
  readonly emphasis: EmphasisMode;
  /** Most 75-token chunks a prompt may have; more is an error that names the count. */
  readonly maxChunks: number;
  readonly cache: EmbeddingCache;
  /**
   * Layers more than the last that the text encoders leave out, see checkpoints/configs/clip-skip.ts; 0 where
   * absent.
   */
  readonly clipSkip?: number | undefined;
  /** What words of the prompts stand for vectors; none where absent. */
  readonly loadedEmbeddings?: readonly LoadedEmbedding[] | undefined;
  /** Ends the work of a text encoder (see SamplingOptions). */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Encodes a prompt pair with every text encoder of the checkpoint: hidden states side by side along the
 * width, the last encoder's pooled embedding of the first chunk, unweighted. Positive and negative are padded
 * to the same number of chunks with empty ones.
 * @throws RequestError for a prompt of more than `maxChunks` chunks, and for an embedding that the text
 * encoders cannot take.
 */
export async function encodePrompts(models: Models, options: ConditioningOptions): Promise<Conditioning> {
  const { prompt, negativePrompt, guided, maxChunks, loadedEmbeddings = [] } = options;
  const zeroNegative = negativePrompt.trim() === '' && models.forceZerosForEmptyPrompt;
  const prompts = guided && !zeroNegative ? [prompt, negativePrompt] : [prompt];
  const tokenizers = models.textStages.map(({ tokenizer }) => tokenizer);
  const chunks = chunksOf(prompts, tokenizers, maxChunks, embeddingNames(loadedEmbeddings));
  const encode = (promptIndex: number) =>
    encodeStages(
      models,
      chunks.map((byPrompt) => byPrompt[promptIndex]!),
      options,
    );
  const positive = await encode(0);
  if (!guided) return { positive, negative: undefined };
  return { positive, negative: zeroNegative ? zerosLike(positive) : await encode(1) };
}

function chunksOf(...prompts: Parameters<typeof chunkPrompts>): PromptChunk[][][] {
  try {
    return chunkPrompts(...prompts);
  } catch (error) {
    throw error instanceof PromptError ? new RequestError(error.message, { cause: error }) : error;
  }
}

function zerosLike(embeds: PromptEmbeds): PromptEmbeds {
  return {
    hiddenStates: new Float32Array(embeds.hiddenStates.length),
    pooled: new Float32Array(embeds.pooled.length),
  };
}

/** `chunksByStage` has the same number of chunks for every encoder. */
async function encodeStages(
  models: Models,
  chunksByStage: readonly (readonly PromptChunk[])[],
  options: ConditioningOptions,
): Promise<PromptEmbeds> {
  const width = models.unet.crossAttentionWidth;
  const { tokens } = models.textStages[0]!.encoder;
  const hiddenStates = new Float32Array(chunksByStage[0]!.length * tokens * width);
  let pooled: Float32Array | undefined;
  let column = 0;
  for (const [index, stage] of models.textStages.entries()) {
    const chunks = chunksByStage[index]!;
    requireLayers(stage.encoder, index, options, models.name);
    const key = index === models.textStages.length - 1 ? 'clip_g' : 'clip_l';
    const encodings = await encodeChunks(
      stage,
      chunks.map((chunk) => withVectors(chunk, stage.encoder, key, options, models.name)),
      keyOf(stage.encoder) ?? `${models.name}${models.variant ?? ''}/${index}`,
      options,
    );
    const stageWidth = stage.encoder.width;
    for (const [chunkIndex, chunk] of chunks.entries()) {
      const weighted = encodings[chunkIndex]!.hiddenStates.slice();
      applyEmphasis(weighted, chunk.weights, stageWidth, options.emphasis);
      for (let token = 0; token < tokens; token++) {
        const row = weighted.subarray(token * stageWidth, (token + 1) * stageWidth);
        hiddenStates.set(row, (chunkIndex * tokens + token) * width + column);
      }
    }
    column += stageWidth;
    pooled = encodings[0]!.pooled;
  }
  if (pooled === undefined) throw new Error(`${models.name}: the last text encoder has no pooled embedding`);
  return { hiddenStates, pooled };
}

const keys = new WeakMap<object, string>();
let lastKey = 0;

/** What tells a loaded text encoder from others; one that several checkpoints have encodes a chunk once. */
function keyOf({ loaded }: ClipTextEncoder): string | undefined {
  if (loaded === undefined) return undefined;
  const key = keys.get(loaded) ?? `loaded ${++lastKey}`;
  keys.set(loaded, key);
  return key;
}

function requireLayers(
  { deepestClipSkip }: ClipTextEncoder,
  index: number,
  { clipSkip = 0 }: Pick<ConditioningOptions, 'clipSkip'>,
  checkpoint: string,
): void {
  if (clipSkip > deepestClipSkip)
    throw new RequestError(
      `clip_skip must be at most ${deepestClipSkip} for text encoder ${index + 1} of ${checkpoint}, got ${clipSkip}`,
    );
}

/** A chunk as one encoder takes it. */
interface EncoderChunk extends PromptChunk {
  readonly vectors: readonly Omit<TokenVector, 'row'>[];
  /** Tells its vectors from others. */
  readonly versions: string;
}

function withVectors(
  chunk: PromptChunk,
  { width, takesVectors }: ClipTextEncoder,
  key: EncoderKey,
  { loadedEmbeddings = [] }: Pick<ConditioningOptions, 'loadedEmbeddings'>,
  checkpoint: string,
): EncoderChunk {
  const versions: string[] = [];
  const vectors = (chunk.embeddings ?? []).flatMap(({ name, at }) => {
    const { tokens, sha256, vectors } = loadedEmbeddings.find((each) => each.name === name)!;
    const values = vectors[key];
    if (!takesVectors)
      throw new RequestError(
        `the networks of ${checkpoint} were exported: they take no embedding ("${name}")`,
      );
    if (values.length !== tokens * width)
      throw new RequestError(
        `the embedding "${name}" has vectors of ${values.length / tokens} numbers in ${key}, ${checkpoint} takes ${width}`,
      );
    versions.push(`${at}:${sha256}`);
    return Array.from({ length: tokens }, (_, index) => ({
      token: at + index,
      values: values.subarray(index * width, (index + 1) * width),
    }));
  });
  return { ...chunk, vectors, versions: versions.join(',') };
}

/** Runs the encoder once over the chunks that the cache does not hold. */
async function encodeChunks(
  stage: TextStage,
  chunks: readonly EncoderChunk[],
  encoder: string,
  { cache, clipSkip = 0, signal }: Pick<ConditioningOptions, 'cache' | 'clipSkip' | 'signal'>,
): Promise<PromptEncoding[]> {
  const keys = chunks.map(({ ids, versions }) => `${encoder}/${clipSkip}/${ids.join(',')}/${versions}`);
  const found = new Map(keys.map((key) => [key, cache.get(key)]));
  const missing = [...found].filter(([, encoding]) => encoding === undefined).map(([key]) => key);
  if (missing.length > 0) {
    const { tokens, width, projectionWidth } = stage.encoder;
    const rows = missing.map((key) => chunks[keys.indexOf(key)]!);
    const ids = new Int32Array(rows.length * tokens);
    for (const [row, chunk] of rows.entries()) ids.set(chunk.ids, row * tokens);
    const vectors = rows.flatMap((chunk, row) => chunk.vectors.map((vector) => ({ row, ...vector })));
    const encoded = await stage.encoder.encodePrompt(ids, { vectors, clipSkip, signal });
    for (const [row, key] of missing.entries()) {
      const encoding = {
        hiddenStates: encoded.hiddenStates.slice(row * tokens * width, (row + 1) * tokens * width),
        pooled:
          projectionWidth === undefined
            ? undefined
            : encoded.pooled?.slice(row * projectionWidth, (row + 1) * projectionWidth),
      };
      found.set(key, encoding);
      cache.set(key, encoding);
    }
  }
  return keys.map((key) => found.get(key)!);
}
