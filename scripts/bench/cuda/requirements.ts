import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';

const root = path.join(import.meta.dirname, '../../..');

/**
 * Full-size checkpoints of random weights, base and refiner side by side, 11.5 GB; kept for the next time.
 * @throws Error where one cannot be written.
 */
export async function writeRandomModels(directory: string): Promise<void> {
  await Promise.all(
    ['base', 'refiner'].map(async (kind) => {
      const out = path.join(directory, `sdxl-${kind}`);
      if (existsSync(out)) return;
      console.log(`writing ${out}: random weights of SDXL's size`);
      const script = path.join(root, 'scripts/maintainers/random-checkpoint.ts');
      const child = spawn(process.execPath, [script, '--kind', kind, '--out', out], { stdio: 'inherit' });
      const [code] = (await once(child, 'exit')) as [number | null];
      if (code !== 0) throw new Error(`${out}: could not be written`);
    }),
  );
}

/** What keeps a Python from running diffusers on the device; undefined where nothing does. */
export function pythonProblem(python: string, device: string): string | undefined {
  const program = `import torch, diffusers, transformers\nassert ${device === 'cpu' ? 'True' : 'torch.cuda.is_available()'}, 'torch finds no CUDA device'`;
  const { status, stderr, error } = spawnSync(python, ['-c', program], { encoding: 'utf8' });
  if (status === 0) return undefined;
  return `${python}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`;
}
