import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { manifestName } from '../../../../src/checkpoints/manifest.ts';
import { quickVariant, writeTinyCheckpoints } from '../../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { baseModels } from '../../../../src/contract/bodies/body-fields.ts';
import { baseName, refinerName } from '../../../../src/contract/served-names.ts';

/** The base also stands behind every published base_model of sdxl-img2img. */
const manifests = {
  base: { kind: 'base', serves: [baseName, ...baseModels] },
  refiner: { kind: 'refiner', serves: [refinerName] },
};

/**
 * Makes a models folder of SDXL's architecture at a few megabytes, with random weights behind every name.
 */
export async function writeRandomModels(directory: string): Promise<void> {
  const written = await writeTinyCheckpoints(directory, quickVariant);
  for (const kind of ['base', 'refiner'] as const)
    await writeFile(path.join(written[kind], manifestName), `${JSON.stringify(manifests[kind], null, 2)}\n`);
}
