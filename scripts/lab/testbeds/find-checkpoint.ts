import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { quickVariant, writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import type { Config } from '../../../src/config/config.ts';
import { baseName } from '../../../src/contract/served-names.ts';
import { findInstallation, type InstalledModel } from '../../../src/installation/installation.ts';

export interface FoundCheckpoint {
  /** How the report calls it. */
  readonly name: string;
  /** As loadModels takes it. */
  readonly model: InstalledModel | string;
  /** A hash of its files' names and contents (times, for large files): another one, another checkpoint. */
  readonly identity: string;
}

/** Larger files are known by their time instead of their content. */
const mostHashedBytes = 2 ** 26;

const demoFolder = path.resolve(import.meta.dirname, '../../../models/demo');

/**
 * @param value of `--checkpoint`: `demo` (models/demo), `tiny` (random weights, written into the data
 * folder), a model of MODELS_DIR, a folder of models or of one checkpoint, or a .safetensors file.
 * @throws Error naming the flag, its value and what would be one.
 */
export async function findCheckpoint(
  value: string,
  { modelsDir, dataDir }: Pick<Config, 'modelsDir' | 'dataDir'>,
): Promise<FoundCheckpoint> {
  if (value === 'tiny') {
    const { base } = await writeTinyCheckpoints(path.join(dataDir, 'tiny-checkpoints'), quickVariant);
    return { name: 'tiny', model: base, identity: identityOf(base) };
  }
  if (value === 'demo') {
    if (existsSync(demoFolder)) return ofFolder('demo', demoFolder);
    throw new Error(
      '--checkpoint is "demo", but models/demo is not here; tiny (random weights), none, a folder or a model of MODELS_DIR are possible too',
    );
  }
  if (existsSync(value)) return ofPlace(value);
  if (modelsDir === undefined)
    throw new Error(
      `--checkpoint: ${JSON.stringify(value)} is no folder or file, and MODELS_DIR, where a model of this name could be, is not set`,
    );
  const installed = await findInstallation(modelsDir);
  const model = installed.get(value) ?? [...installed.values()].find(({ name }) => name === value);
  if (model === undefined)
    throw new Error(
      `--checkpoint: ${JSON.stringify(value)} is neither a folder nor a model of ${modelsDir}, which has ${[...installed.keys()].join(', ')}`,
    );
  return { name: value, model, identity: identityOf(model.directory) };
}

async function ofPlace(place: string): Promise<FoundCheckpoint> {
  const name = path.basename(path.resolve(place)).replace(/\.safetensors$/, '');
  if (statSync(place).isFile() || existsSync(path.join(place, 'model_index.json')))
    return { name, model: place, identity: identityOf(place) };
  return ofFolder(name, place);
}

/** The base model of a folder of models. */
async function ofFolder(name: string, folder: string): Promise<FoundCheckpoint> {
  const installed = await findInstallation(folder);
  const only = new Set(installed.values());
  const model = installed.get(baseName) ?? (only.size === 1 ? [...only][0] : undefined);
  if (model === undefined)
    throw new Error(
      `--checkpoint: ${folder} has no model that serves ${baseName}, but ${[...installed.keys()].join(', ')}; give the folder of one of them`,
    );
  return { name, model, identity: identityOf(model.directory) };
}

function identityOf(place: string): string {
  const files = statSync(place).isFile()
    ? [place]
    : globSync('**/*.{safetensors,json,onnx}', { cwd: place })
        .sort()
        .map((file) => path.join(place, file));
  const facts = files.map((file) => {
    const { size, mtimeMs } = statSync(file);
    const content =
      size > mostHashedBytes
        ? Math.round(mtimeMs)
        : createHash('sha256').update(readFileSync(file)).digest('hex');
    return [path.basename(file), size, content];
  });
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}
