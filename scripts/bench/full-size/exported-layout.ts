import { cpSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Checkpoint } from '../../../src/checkpoints/checkpoint.ts';
import { networkNames } from './network-outputs.ts';

/** Puts configs where optimum puts them, beside the networks that reference.py writes. */
export function writeExportedConfigs(checkpoint: Checkpoint, directory: string): void {
  for (const name of ['model_index.json', 'scheduler'])
    cpSync(path.join(checkpoint.directory, name), path.join(directory, name), { recursive: true });
  for (const name of networkNames(checkpoint)) {
    mkdirSync(path.join(directory, name), { recursive: true });
    const source = name.startsWith('vae') ? 'vae' : name;
    cpSync(path.join(checkpoint.directory, source, 'config.json'), path.join(directory, name, 'config.json'));
  }
}
