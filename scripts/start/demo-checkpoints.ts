import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { manifestName } from '../../src/checkpoints/manifest.ts';
import { baseModels } from '../../src/contract/bodies.ts';
import { quickVariant, writeTinyCheckpoints } from '../tiny-checkpoint.ts';

/** Manifests of the two checkpoints behind sdxl-torch; the base also stands behind every base_model of sdxl-img2img. */
const manifests = {
  base: { kind: 'base', serves: ['sdxl-base', ...baseModels] },
  refiner: { kind: 'refiner', serves: ['sdxl-refiner'] },
};

/**
 * A models folder for a machine without checkpoints: SDXL's architecture at a few megabytes, with random weights, standing
 * behind every name. Written anew on every start (a fraction of a second), so that it fits the version that is started.
 */
export async function demoCheckpoints(dataDir: string): Promise<string> {
  const directory = path.join(dataDir, 'tiny-checkpoints');
  const written = await writeTinyCheckpoints(directory, quickVariant);
  for (const kind of ['base', 'refiner'] as const)
    await writeFile(path.join(written[kind], manifestName), `${JSON.stringify(manifests[kind], null, 2)}\n`);
  return directory;
}
