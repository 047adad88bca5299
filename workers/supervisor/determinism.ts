import path from 'node:path';
import type { Config } from '../../src/config/config.ts';
import type { DeterminismReport, GenerationRequest } from '../../src/contract/generation.ts';
import { listModels } from '../../src/installation/installation.ts';
import type { Log } from '../../src/jobs/log.ts';
import type { Generated } from '../engine/generator.ts';
import type { AdapterKind, WatchedAdapters } from './checkpoints/watch-adapters.ts';
import { hashWeights, type WeightHashes } from './checkpoints/weight-hashes.ts';

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
export async function determinismOf(
  { scheduler, rng, stepCache, loras = [], embeddings = [] }: GenerationRequest,
  { checkpoints, pictures, runtime, precision, repeatable, tiledVae }: Generated,
  { device, deviceReason }: Pick<Config, 'device' | 'deviceReason'>,
  hashes: WeightHashes,
  adapters: Pick<WatchedAdapters, 'fileOf'> | undefined,
): Promise<DeterminismReport> {
  const hashOf = async (kind: AdapterKind, name: string): Promise<string | null> => {
    const file = adapters?.fileOf(kind, name);
    // What has gone since can no longer be hashed; the pictures are there.
    return file === undefined ? null : await hashes.ofFile(file).catch(() => null);
  };
  const hashed = <Named extends { readonly name: string }>(kind: AdapterKind, list: readonly Named[]) =>
    Promise.all(list.map(async (each) => ({ ...each, sha256: await hashOf(kind, each.name) })));
  const names = embeddings.map(({ name }) => ({ name }));
  return {
    checkpoints: checkpoints.map((name) => ({ name, weights: hashes.of(name) })),
    ...(loras.length > 0 && { loras: await hashed('loras', loras) }),
    ...(names.length > 0 && { embeddings: await hashed('embeddings', names) }),
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
