import { signingFilesOf } from '../../src/config/signing-files.ts';
import { baseName, refinerName } from '../../src/contract/served-names.ts';
import { openSigning } from '../../src/images/content-credentials.ts';
import { loadModels } from '../../src/installation/load-models.ts';
import { planDevice } from '../../src/installation/memory/plan-device.ts';
import { createNetworkPool } from '../../src/installation/network-pool.ts';
import { servableModels } from '../../src/installation/servable-models.ts';
import { createWarmUps } from '../../src/installation/warm-up.ts';
import { softwareName, version } from '../../src/process/software.ts';
import { capabilitiesOf, inLoadingOrder, requireRoom } from '../capabilities.ts';
import { type OnLoading, type OpenGenerator, silently } from './generator.ts';
import { lowering } from './less-memory.ts';
import { explainMissingProvider } from './missing-provider.ts';
import { openSafetyCheck } from './pictures/safety-check.ts';
import { createRequestEmbeddings } from './request-embeddings.ts';
import { createRequestLoras } from './request-loras.ts';
import { createResidentCheckpoints } from './resident-checkpoints.ts';
import { createSdxlGenerator } from './sdxl-generator.ts';
import { whenIdle } from './when-idle.ts';

/** After this long without a request, memory that only runs need goes back to the device. */
const idleMs = 30_000;

/** Loads checkpoints of the models folder; nothing is read from disk while a request is worked on. */
export const openSdxlGenerator: OpenGenerator = async (
  config,
  models,
  onLoading = silently,
  inTurn = false,
) => {
  if (config.modelsDir === undefined)
    throw new Error('MODELS_DIR is not set: there is no checkpoint to serve');
  const { installation, facts } = await servableModels(config.modelsDir, config.serveModels);
  const installed = new Map([...installation.values()].map((model) => [model.name, model]));
  const served = inLoadingOrder(
    [...installed.keys()].map((name) => ({
      name,
      serves: [...installation.keys()].filter((key) => installation.get(key)!.name === name),
      ...facts.get(name),
    })),
  );
  requireRoom(served, config.residentModels);
  const options = {
    device: config.device,
    vaePrecision: config.vaePrecision,
    deterministic: config.deterministic,
    cudaGraphs: config.cudaGraphs,
    ...(config.engineThreads === 0 ? {} : { threads: config.engineThreads }),
  };
  const first = models ?? served.slice(0, config.residentModels).map(({ name }) => name);
  const memory = await planDevice(
    first.flatMap((name) => installed.get(name) ?? []),
    { ...options, ...config, batch: config.engineBatch, limit: config.deviceMemoryLimit },
    served.some(({ serves }) => serves.some((name) => name !== baseName && name !== refinerName)),
  ).catch((error: unknown) => {
    throw explainMissingProvider(error, config.device);
  });
  const { layout } = memory;
  // Graphs keep the arena, which a plan that is short of memory gives back.
  const loading = layout.plan().trimsArena ? { ...options, cudaGraphs: false } : options;
  const lower = lowering(layout);
  const places = { pool: createNetworkPool(), layout, warmUps: createWarmUps() };
  let isFirst = true;
  const resident = createResidentCheckpoints({
    served,
    open: (name, together, onNetwork) =>
      loadModels(installed.get(name)!, loading, onNetwork, { ...places, together }),
    // What else there is room for when others are loaded is not known.
    loadsTogether: () => isFirst && !inTurn && layout.loadsTogether(),
    lower,
  });
  const load = (names: readonly string[], onLoading: OnLoading = silently): Promise<void> =>
    resident.load(names, onLoading).catch((error: unknown) => {
      throw explainMissingProvider(error, config.device);
    });
  await load(first, onLoading);
  isFirst = false;
  const loadMore = async (names: readonly string[], onLoading?: OnLoading): Promise<void> => {
    // A checkpoint that cannot be read is told when its turn comes.
    await memory
      .replan([...new Set([...resident.names(), ...names])].flatMap((name) => installed.get(name) ?? []))
      .catch(() => undefined);
    await load(names, onLoading);
  };
  const check = config.safetyChecker === undefined ? undefined : await openSafetyCheck(config.safetyChecker);
  const withLoras = createRequestLoras(config, config.modelsDir, loading, places, (served) =>
    installation.get(served),
  );
  const loadEmbeddings = createRequestEmbeddings(config.modelsDir);
  const files = signingFilesOf(config);
  const sign = files && (await openSigning(files, { name: softwareName, version }));
  const parts = { layout, withLoras, loadEmbeddings, sign, ...(check && { check }) };
  const generator = createSdxlGenerator(resident.byServedName, config, parts);
  const during = whenIdle(memory.trim, idleMs, (error) => {
    process.stderr.write(`engine: unused device memory could not be given back: ${error}\n`);
  });
  return {
    ...generator,
    generate: (...given) => during(() => generator.generate(...given)),
    capabilities: capabilitiesOf(
      served,
      resident.byServedName.get(baseName)?.vaeDecoder.factor,
      config.residentModels,
    ),
    resident: resident.names,
    memory: memory.report,
    load: loadMore,
  };
};
