import { stat } from 'node:fs/promises';
import path from 'node:path';

/** What stands behind every model name where MODELS_DIR is not set. */
export interface DemoModels {
  readonly modelsDir: string;
  /** For people: what it is and what its pictures will be. */
  readonly description: string;
  /** A prompt that shows what it can do. */
  readonly prompt: string;
}

/** Where the checkpoint that ships with this repository lies; its manifests stand behind every name. */
export const shippedModels = path.resolve(import.meta.dirname, '../../../models/demo');

/**
 * The demo checkpoint.
 * @param modelsDir where it lies if not where it ships.
 * @throws Error naming the folder that is not there and the setting that names another.
 */
export async function demoModels(modelsDir = shippedModels): Promise<DemoModels> {
  const entry = await stat(modelsDir).catch(() => undefined);
  if (!entry?.isDirectory())
    throw new Error(
      `MODELS_DIR is not set, and the demo checkpoint that would stand in is not in ${modelsDir}: set MODELS_DIR to a folder of checkpoints`,
    );
  return {
    modelsDir,
    description:
      "MODELS_DIR is not set: a small demo checkpoint (demo-base, demo-refiner) stands behind every model. It has SDXL's " +
      'architecture and draws one or two flat shapes ("a red circle left of a blue star on a yellow background"); ' +
      'what it knows and how it was trained: scripts/maintainers/train-demo/README.md',
    prompt: 'a large red circle left of a blue star on a yellow background',
  };
}
