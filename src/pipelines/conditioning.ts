import type { PromptEncoding } from '../networks/networks.ts';
import { chunkPrompt, type PromptChunk, padChunks } from '../text/chunks.ts';
import { applyEmphasis, type Emphasis } from '../text/emphasis.ts';
import type { EmbeddingCache } from './embedding-cache.ts';
import type { Models, TextStage } from './models.ts';

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

export interface ConditioningOptions {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** Whether the negative prompt is needed at all (guidance scale above 1). */
  readonly guided: boolean;
  readonly emphasis: Emphasis;
  /** Most 75-token chunks a prompt may have; more is an error that names the count. */
  readonly maxChunks: number;
  readonly cache: EmbeddingCache;
}

/**
 * Encodes a prompt pair with every text encoder of the checkpoint: hidden states side by side along the
 * width, the last encoder's pooled embedding of the first chunk, unweighted. Positive and negative are padded
 * to the same number of chunks with empty ones.
 */
export async function encodePrompts(models: Models, options: ConditioningOptions): Promise<Conditioning> {
  const { prompt, negativePrompt, guided, maxChunks } = options;
  const zeroNegative = negativePrompt.trim() === '' && models.forceZerosForEmptyPrompt;
  const stages = models.textStages.map((stage) => {
    const positive = chunkPrompt(prompt, stage.tokenizer, maxChunks);
    const negative = guided && !zeroNegative ? chunkPrompt(negativePrompt, stage.tokenizer, maxChunks) : [];
    const count = Math.max(positive.length, negative.length);
    return {
      stage,
      positive: padChunks(positive, count, stage.tokenizer),
      negative: negative.length === 0 ? [] : padChunks(negative, count, stage.tokenizer),
    };
  });
  const positive = await encodeStages(
    models,
    stages.map(({ stage, positive: chunks }) => ({ stage, chunks })),
    options,
  );
  if (!guided) return { positive, negative: undefined };
  if (zeroNegative) return { positive, negative: zerosLike(positive) };
  const negative = await encodeStages(
    models,
    stages.map(({ stage, negative: chunks }) => ({ stage, chunks })),
    options,
  );
  return { positive, negative };
}

function zerosLike(embeds: PromptEmbeds): PromptEmbeds {
  return {
    hiddenStates: new Float32Array(embeds.hiddenStates.length),
    pooled: new Float32Array(embeds.pooled.length),
  };
}

async function encodeStages(
  models: Models,
  stages: readonly { stage: TextStage; chunks: readonly PromptChunk[] }[],
  options: ConditioningOptions,
): Promise<PromptEmbeds> {
  const encodings: PromptEncoding[][] = [];
  for (const [index, { stage, chunks }] of stages.entries()) {
    encodings.push(await encodeChunks(stage, chunks, `${models.name}/${index}`, options.cache));
  }
  const chunkCount = stages[0]!.chunks.length;
  const width = models.unet.crossAttentionWidth;
  const tokens = stages[0]!.stage.encoder.tokens;
  const hiddenStates = new Float32Array(chunkCount * tokens * width);
  let column = 0;
  for (const [index, { stage, chunks }] of stages.entries()) {
    const stageWidth = stage.encoder.width;
    for (const [chunkIndex, chunk] of chunks.entries()) {
      const weighted = encodings[index]![chunkIndex]!.hiddenStates.slice();
      applyEmphasis(weighted, chunk.weights, stageWidth, options.emphasis);
      for (let token = 0; token < tokens; token++) {
        hiddenStates.set(
          weighted.subarray(token * stageWidth, (token + 1) * stageWidth),
          (chunkIndex * tokens + token) * width + column,
        );
      }
    }
    column += stageWidth;
  }
  return { hiddenStates, pooled: encodings.at(-1)![0]!.pooled! };
}

/** Runs the encoder once over the chunks that the cache does not hold. */
async function encodeChunks(
  stage: TextStage,
  chunks: readonly PromptChunk[],
  checkpoint: string,
  cache: EmbeddingCache,
): Promise<PromptEncoding[]> {
  const keys = chunks.map((chunk) => `${checkpoint}/${chunk.ids.join(',')}`);
  const found = new Map(keys.map((key) => [key, cache.get(key)]));
  const missing = [...found].filter(([, encoding]) => encoding === undefined).map(([key]) => key);
  if (missing.length > 0) {
    const { tokens, width, projectionWidth } = stage.encoder;
    const ids = new Int32Array(missing.length * tokens);
    for (const [row, key] of missing.entries()) ids.set(chunks[keys.indexOf(key)]!.ids, row * tokens);
    const encoded = await stage.encoder.encodePrompt(ids);
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
