import path from 'node:path';
import type { Config } from '../../src/config/config.ts';
import type { DeterminismReport, GenerationRequest } from '../../src/contract/generation.ts';
import { listModels } from '../../src/installation/installation.ts';
import type { Log } from '../../src/jobs/log.ts';
import type { Generated } from '../engine/generator.ts';
import { hashWeights, type WeightHashes } from './weight-hashes.ts';

/** Begins to hash the weights that this worker serves; a worker without a models folder has none. */
export async function hashInstalled(
  { modelsDir, dataDir, serveModels }: Config,
  log: Log,
): Promise<WeightHashes> {
  const models = modelsDir === undefined ? [] : await listModels(modelsDir);
  const isServed = (name: string) => serveModels.length === 0 || serveModels.includes(name);
  return hashWeights(
    models.filter(({ serves }) => serves.some(isServed)),
    modelsDir ?? '',
    path.join(dataDir, 'weight-hashes.json'),
    log,
  );
}

/** What decided the bits of these pictures. */
export function determinismOf(
  { scheduler, rng, stepCache }: GenerationRequest,
  { checkpoints, pictures, runtime, precision, repeatable, tiledVae }: Generated,
  { device, deviceReason }: Pick<Config, 'device' | 'deviceReason'>,
  hashes: WeightHashes,
): DeterminismReport {
  return {
    checkpoints: checkpoints.map((name) => ({ name, weights: hashes.of(name) })),
    device,
    ...(deviceReason !== undefined && { deviceReason }),
    runtime,
    precision,
    repeatable,
    ...(tiledVae === true && { tiledVae }),
    scheduler,
    rng,
    ...(stepCache && { cache: stepCache }),
    images: pictures.map(({ seed, latentSha256, evaluations }) => ({
      ...{ seed, latentSha256 },
      ...(evaluations && { evaluations }),
    })),
  };
}
