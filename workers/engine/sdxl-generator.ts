import { createHash } from 'node:crypto';
import type { Config } from '../../src/config/config.ts';
import type { ServedModel } from '../../src/contract/model-profile.ts';
import { baseName } from '../../src/contract/served-names.ts';
import type { SignPicture } from '../../src/images/content-credentials.ts';
import type { DeviceLayout } from '../../src/installation/memory/device-layout.ts';
import { JobError } from '../../src/jobs/job-error.ts';
import { computePrecision, isRepeatable } from '../../src/networks/layers-for.ts';
import { runtimeVersion } from '../../src/networks/runtime/runtime.ts';
import { isCutIntoTiles } from '../../src/networks/vae-tiles.ts';
import { createEmbeddingCache } from '../../src/pipelines/conditioning/embedding-cache.ts';
import type { Models } from '../../src/pipelines/models.ts';
import type { SamplingOptions } from '../../src/pipelines/sampling/sampling.ts';
import { createStopwatch } from '../../src/pipelines/stopwatch.ts';
import { capabilitiesOf } from '../capabilities.ts';
import type { Generator } from './generator.ts';
import { lowering, withLessMemory } from './less-memory.ts';
import { withProvenance } from './pictures/embed-parameters.ts';
import { croppingOf, encodePicture } from './pictures/finished-picture.ts';
import { createPreviewer } from './pictures/preview.ts';
import type { SafetyCheck } from './pictures/safety-check.ts';
import { type Find, imageToImageRun, runToEnd, textToImageRun } from './pipeline-runs.ts';
import { type LoadEmbeddings, withoutEmbeddings } from './request-embeddings.ts';
import { type WithLoras, withoutLoras } from './request-loras.ts';
import { splitOnce } from './split-samples.ts';

/** Bytes of prompt embeddings that are kept between requests. */
const embeddingCacheBytes = 256 * 2 ** 20;

/** What of the configuration decides how pictures are made. */
export type GeneratorSettings = Pick<
  Config,
  'device' | 'engineBatch' | 'promptEmphasis' | 'promptMaxChunks'
> &
  Partial<Pick<Config, 'deterministic'>>;

export interface GeneratorOptions {
  /** Asked about every picture before any of the request is given away. */
  readonly check?: SafetyCheck;
  /** Signs every picture. */
  readonly sign?: SignPicture | undefined;
  /** How the models are held; goes down one plan where a request finds too little memory. */
  readonly layout?: DeviceLayout;
  /** Gives a checkpoint with a request's LoRAs; by default none can be had. */
  readonly withLoras?: WithLoras;
  /** Reads the embeddings that a request names; by default none can be had. */
  readonly loadEmbeddings?: LoadEmbeddings;
  /** See createPreviewer. */
  readonly previewIntervalMs?: number;
  /** Hears of samples that the device had no memory for at once; by default it is written to stderr. */
  readonly onSplit?: (error: Error) => void;
}

function reportSplit({ message }: Error): void {
  process.stderr.write(`engine: no memory for the samples at once, tried one by one: ${message}\n`);
}

/** `models` are loaded checkpoints by served name; they may become more later. */
export function createSdxlGenerator(
  models: ReadonlyMap<string, Models>,
  settings: GeneratorSettings,
  {
    check,
    sign,
    layout,
    withLoras = withoutLoras,
    loadEmbeddings = withoutEmbeddings,
    previewIntervalMs,
    onSplit = reportSplit,
  }: GeneratorOptions = {},
): Generator {
  const cache = createEmbeddingCache(embeddingCacheBytes);
  const lower = lowering(layout);
  const find: Find = (name) => {
    const found = models.get(name);
    if (found !== undefined) return found;
    throw new JobError(`checkpoint ${name} is not installed on this worker`, { retryable: false });
  };
  return {
    capabilities: capabilitiesOf(servedBy(models), models.get(baseName)?.vaeDecoder.factor),
    async generate(request, { inputImage, signal, progress, computed }) {
      const stopwatch = createStopwatch();
      const shared = {
        ...request,
        loadedEmbeddings: await loadEmbeddings(request.embeddings ?? []),
        emphasis: settings.promptEmphasis,
        maxChunks: settings.promptMaxChunks,
        cache,
        stopwatch,
        signal,
      };
      const name = request.endpoint === 'sdxl-torch' ? (request.model ?? baseName) : request.baseModel;
      const onWork = async () => {
        signal.throwIfAborted();
        await progress({ sample: 0, samples: request.samples, step: 0, steps: request.steps });
      };
      const { loras = [] } = request;
      const base =
        loras.length === 0
          ? find(name)
          : await stopwatch.time('loras', () =>
              withLessMemory(() => withLoras(name, find(name), loras, onWork), lower),
            );
      const compute = async (batch: number) => {
        const options: SamplingOptions = { ...shared, batch };
        const { used, steps } =
          request.endpoint === 'sdxl-torch'
            ? textToImageRun(request, options, base, find)
            : await imageToImageRun(request, options, base, inputImage);
        const preview = createPreviewer(used.at(-1)!.vaeDecoder, previewIntervalMs);
        const made = await runToEnd(steps, preview, progress, signal);
        return { used, made };
      };
      const batch = Math.min(settings.engineBatch, request.samples);
      const computeOrLower = (size: number) =>
        size > 1 ? compute(size) : withLessMemory(() => compute(1), lower);
      const { used, made } = await splitOnce(batch, computeOrLower, onSplit);
      const warnings = croppingOf(request.endpoint, made[0]!, used.at(-1)!.vaeDecoder.factor);
      const isTiled = layout?.plan().tilesVae === true && isCutIntoTiles(made[0]!.canvas);
      if (check !== undefined)
        for (const picture of made) await stopwatch.time('safetyCheck', () => check(picture, signal));
      // On the CPU encoding takes from the next request's steps what it saves.
      if (settings.device !== 'cpu') computed?.();
      const pictures = [];
      for (const [index, picture] of made.entries()) {
        const bytes = await stopwatch.time('imageEncode', () => encodePicture(picture, request));
        const { seed, width, height } = picture;
        const said = withProvenance(request, { bytes, index, seed, width, height }, sign);
        warnings.push(...said.warnings);
        pictures.push({
          ...{ bytes: said.bytes, seed, latentSha256: sha256(picture.latents) },
          ...(picture.evaluations && { evaluations: picture.evaluations }),
        });
      }
      return {
        pictures,
        checkpoints: used.map(({ name }) => name),
        stageSeconds: stopwatch.seconds,
        stages: stopwatch.intervals,
        runtime: runtimeVersion,
        precision: computePrecision(settings.device),
        repeatable: isRepeatable(settings),
        ...(isTiled && { tiledVae: true as const }),
        ...(warnings.length > 0 && { warnings: [...new Set(warnings)] }),
      };
    },
  };
}

/** Loaded checkpoints with the names that lead to them. */
function servedBy(models: ReadonlyMap<string, Models>): ServedModel[] {
  const groups = Map.groupBy(models, ([, { name }]) => name);
  return [...groups].map(([name, entries]) => ({ name, serves: entries.map(([served]) => served) }));
}

function sha256({ buffer, byteOffset, byteLength }: Float32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
}
