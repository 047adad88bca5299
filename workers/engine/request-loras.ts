import path from 'node:path';
import { CheckpointError } from '../../src/checkpoints/checkpoint-error.ts';
import type { Config } from '../../src/config/config.ts';
import type { LoraChoice } from '../../src/contract/bodies/lora-fields.ts';
import type { InstalledModel } from '../../src/installation/installation.ts';
import type { LoadingPlaces } from '../../src/installation/load-models.ts';
import { createLoraFolder } from '../../src/installation/lora-folder.ts';
import { createLoraVariants } from '../../src/installation/lora-variants.ts';
import { JobError } from '../../src/jobs/job-error.ts';
import type { VaeOptions } from '../../src/networks/vae.ts';
import type { Models } from '../../src/pipelines/models.ts';
import { withLessMemory } from './less-memory.ts';
import { adapterFile } from './request-adapters.ts';

/**
 * A checkpoint with LoRAs merged into it.
 * @param served the name it is served under; `base` is what is loaded of it.
 * @param onWork called now and then while nothing else is heard of the work.
 * @throws JobError naming a LoRA that is not here, or the key of one that does not fit.
 */
export type WithLoras = (
  served: string,
  base: Models,
  loras: readonly LoraChoice[],
  onWork: () => Promise<void>,
) => Promise<Models>;

/** For a generator without a models folder. */
export const withoutLoras: WithLoras = async (_, __, [first]) => {
  throw new JobError(`the LoRA ${first!.name} is not installed on this worker`, { retryable: false });
};

/** Sign of life at this distance, while weights are merged. */
const signMs = 1000;

/** @param find the installed model behind a served name. */
export function createRequestLoras(
  { dataDir, loraVariants }: Pick<Config, 'dataDir' | 'loraVariants'>,
  modelsDir: string,
  network: VaeOptions,
  places: LoadingPlaces,
  find: (served: string) => InstalledModel | undefined,
): WithLoras {
  const folder = createLoraFolder(modelsDir);
  const directory = path.join(dataDir, 'lora-variants');
  const variants = createLoraVariants({ network, places, directory, most: loraVariants });
  return async (served, base, loras, onWork) => {
    // At weight 0 nothing is changed, and nothing needs to be loaded.
    const applied = loras.filter(
      ({ weight, textEncoderWeight = weight }) => weight !== 0 || textEncoderWeight !== 0,
    );
    const chosen = [];
    for (const lora of loras) chosen.push({ ...lora, file: await adapterFile(folder, lora.name, 'loras') });
    if (applied.length === 0) return base;
    let last = performance.now();
    const sign = async (): Promise<void> => {
      if (performance.now() - last < signMs) return;
      last = performance.now();
      await onWork();
    };
    const used = chosen.filter(({ name }) => applied.some((each) => each.name === name));
    // What is kept for other requests goes before anything of the checkpoints does.
    const variant = () => variants.open(find(served)!, base, used, sign);
    return await withLessMemory(variant, variants.letGo).catch((cause: unknown) => {
      if (!(cause instanceof CheckpointError)) throw cause;
      throw new JobError(`loras: ${withoutFolders(cause.message, modelsDir)}`, { retryable: false, cause });
    });
  };
}

/** Where a server keeps its files is nobody's business. */
function withoutFolders(message: string, modelsDir: string): string {
  return message
    .replaceAll(`${path.resolve(modelsDir)}${path.sep}`, '')
    .replaceAll(`${modelsDir}${path.sep}`, '');
}
