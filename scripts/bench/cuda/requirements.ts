import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../../..');

/** Full-size checkpoints of random weights, base and refiner, 11.5 GB; kept for the next time. */
export function writeRandomModels(directory: string): void {
  for (const kind of ['base', 'refiner']) {
    const out = path.join(directory, `sdxl-${kind}`);
    if (existsSync(out)) continue;
    console.log(`writing ${out}: random weights of SDXL's size`);
    const script = path.join(root, 'scripts/maintainers/random-checkpoint.ts');
    const { status } = spawnSync(process.execPath, [script, '--kind', kind, '--out', out], {
      stdio: 'inherit',
    });
    if (status !== 0) throw new Error(`${out}: could not be written`);
  }
}

/** What keeps a Python from running diffusers on the device; undefined where nothing does. */
export function pythonProblem(python: string, device: string): string | undefined {
  const program = `import torch, diffusers, transformers\nassert ${device === 'cpu' ? 'True' : 'torch.cuda.is_available()'}, 'torch finds no CUDA device'`;
  const { status, stderr, error } = spawnSync(python, ['-c', program], { encoding: 'utf8' });
  if (status === 0) return undefined;
  return `${python}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`;
}
