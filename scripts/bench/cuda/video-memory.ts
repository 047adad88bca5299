import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Watches how much memory of a device is in use, by all processes. */
export interface VideoMemory {
  /**
   * Most of it since the last call, above what was in use at the start, in bytes; undefined where nvidia-smi
   * says nothing.
   */
  peak(): number | undefined;
  end(): void;
}

const intervalMs = 100;

/** @param index of the device for nvidia-smi; undefined: nothing to watch. */
export async function watchVideoMemory(index: number | undefined): Promise<VideoMemory> {
  if (index === undefined) return { peak: () => undefined, end: () => undefined };
  const query = ['--query-gpu=memory.used', '--format=csv,noheader,nounits', `--id=${index}`];
  const child: ChildProcess = spawn('nvidia-smi', [...query, `--loop-ms=${intervalMs}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let first: number | undefined;
  let most: number | undefined;
  await new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const bytes = Number(line) * 2 ** 20;
      if (!Number.isFinite(bytes)) return;
      first ??= bytes;
      most = Math.max(most ?? bytes, bytes);
      resolve();
    });
  });
  return {
    peak: () => {
      const above = first === undefined || most === undefined ? undefined : most - first;
      most = undefined;
      return above;
    },
    end: () => {
      child.kill();
    },
  };
}
