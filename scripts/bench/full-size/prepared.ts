import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Checkpoint } from '../../../src/checkpoints/checkpoint.ts';
import { listModels } from '../../../src/installation/installation.ts';
import { preparedFolder } from '../../../src/installation/open-model.ts';
import { sha256Of } from '../../cli/download/sha256.ts';
import { showBytes } from '../../cli/download/sizes.ts';
import { prepare } from '../../cli/models/prepare.ts';

/** Bytes of the UNet's and the VAE's convolution weights. */
function convolutionBytes({ unet, vae }: Checkpoint): number {
  const weights = [...unet.tensors.values(), ...vae.tensors.values()].filter(
    ({ shape }) => shape.length === 4,
  );
  return weights.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/**
 * Times `prepare` of a single file with a manifest that names its hash: for the CPU, for CUDA, and again for
 * CUDA, when all is there.
 * @param file in a folder of its own in modelsDir; its model.json is written.
 */
export async function timePrepare(
  file: string,
  modelsDir: string,
  checkpoint: Checkpoint,
): Promise<string[]> {
  const kind = checkpoint.requiresAestheticsScore ? 'refiner' : 'base';
  const name = path.basename(file);
  const manifest = { kind, checkpoint: name, files: [{ path: name, sha256: await sha256Of(file) }] };
  writeFileSync(path.join(path.dirname(file), 'model.json'), JSON.stringify(manifest));
  const model = (await listModels(modelsDir)).find((each) => each.checkpoint === file)!;
  await rm(preparedFolder(model), { recursive: true, force: true });
  const lines = [];
  for (const [flavour, forCuda] of [
    ['portable', false],
    ['cuda', true],
    ['cuda, again', true],
  ] as const) {
    const { tensors, hashed, bytesWritten, seconds } = await prepare(model, forCuda);
    lines.push(
      `prepare ${flavour}: ${seconds.toFixed(1)} s, ${showBytes(bytesWritten)} written, ${tensors} tensors, ${hashed} hash`,
    );
  }
  return [...lines, `convolution weights: ${showBytes(convolutionBytes(checkpoint))}`];
}
