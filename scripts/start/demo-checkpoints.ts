import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { baseModels } from '../../src/contract/bodies.ts';
import { quickVariant, writeTinyCheckpoints } from '../tiny-checkpoint.ts';

/** Served names of the two checkpoints behind sdxl-torch, then those of sdxl-img2img. */
const served = {
  'sdxl-base': 'tiny-base',
  'sdxl-refiner': 'tiny-refiner',
  ...Object.fromEntries(baseModels.map((name) => [name, 'tiny-base'])),
};

/**
 * A models folder for a machine without checkpoints: SDXL's architecture at a few megabytes, with random weights, standing
 * behind every name. Written anew on every start (a fraction of a second), so that it fits the version that is started.
 */
export async function demoCheckpoints(dataDir: string): Promise<string> {
  const directory = path.join(dataDir, 'tiny-checkpoints');
  await writeTinyCheckpoints(directory, quickVariant);
  await writeFile(path.join(directory, 'models.json'), `${JSON.stringify(served, null, 2)}\n`);
  return directory;
}
