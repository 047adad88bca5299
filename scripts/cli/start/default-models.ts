import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { manifestName } from '../../../src/checkpoints/manifest.ts';
import { quickVariant, writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { baseModels } from '../../../src/contract/bodies.ts';

/** What stands behind every model name where MODELS_DIR is not set. */
export interface DefaultModels {
  readonly modelsDir: string;
  /** Whether pictures follow the prompt. */
  readonly trained: boolean;
  /** For people: what it is and what its pictures will be. */
  readonly description: string;
  /** A prompt that shows what it can do. */
  readonly prompt: string;
}

const root = path.resolve(import.meta.dirname, '../../..');
/** Where the checkpoint that ships with this repository lies; its manifests stand behind every name. */
export const shippedModels = path.join(root, 'models/demo');

/**
 * The demo checkpoint; in a checkout without it, checkpoints with random weights, which show that everything
 * runs, not what prompts do.
 * @param shipped its folder.
 */
export async function defaultModels(dataDir: string, shipped = shippedModels): Promise<DefaultModels> {
  const isThere = await stat(shipped).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  if (isThere)
    return {
      modelsDir: shipped,
      trained: true,
      description:
        "MODELS_DIR is not set: a small demo checkpoint (demo-base, demo-refiner) stands behind every model. It has SDXL's " +
        'architecture and draws one or two flat shapes ("a red circle left of a blue star on a yellow background"); ' +
        'what it knows and how it was trained: scripts/maintainers/train-demo/README.md',
      prompt: 'a large red circle left of a blue star on a yellow background',
    };
  return {
    modelsDir: await randomModels(dataDir),
    trained: false,
    description:
      `MODELS_DIR is not set and this checkout lacks the demo checkpoint (${shipped}): a tiny checkpoint with random weights ` +
      'stands behind every model, and its pictures are noise.',
    prompt: 'a red fox in the snow',
  };
}

/**
 * Manifests of the two checkpoints behind sdxl-torch; the base also stands behind every base_model of
 * sdxl-img2img.
 */
const manifests = {
  base: { kind: 'base', serves: ['sdxl-base', ...baseModels] },
  refiner: { kind: 'refiner', serves: ['sdxl-refiner'] },
};

/**
 * A models folder of SDXL's architecture at a few megabytes, with random weights, behind every name. Written
 * anew every time (a fraction of a second), so that it fits the version that is started.
 */
export async function randomModels(dataDir: string): Promise<string> {
  const directory = path.join(dataDir, 'tiny-checkpoints');
  const written = await writeTinyCheckpoints(directory, quickVariant);
  for (const kind of ['base', 'refiner'] as const)
    await writeFile(path.join(written[kind], manifestName), `${JSON.stringify(manifests[kind], null, 2)}\n`);
  return directory;
}
