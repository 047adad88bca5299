import path from 'node:path';
import { agreement } from '../peers/agreement.ts';
import type { Ready, Work } from '../peers/work.ts';
import type { Grid } from './grid.ts';
import { measure } from './measure.ts';

export interface ContestOptions {
  readonly folder: string;
  readonly python: string;
  readonly base: string;
  readonly refiner?: string;
  readonly side: number;
  readonly device: string;
  /** For nvidia-smi. */
  readonly index: number | undefined;
  readonly picture: Work['picture'];
  readonly runs: number;
  readonly pictures: number;
  readonly grid: Grid;
  readonly notes: string[];
}

export type Contestant = 'ours' | 'diffusers' | 'compiled';

/** Lets one contestant do the work that all do, for so long at most; what fails is noted. */
export type Contest = (kind: Work['kind'], who: Contestant, limitMs?: number) => Promise<void>;

const bench = path.join(import.meta.dirname, '..');

export function createContest(options: ContestOptions): Contest {
  const { folder, python, base, refiner, side, device, index, picture, grid, notes } = options;
  const outputs = new Map<string, string>();
  let tokens: Ready['tokens'];
  const command = (who: Contestant): [string, ...string[]] =>
    who === 'ours'
      ? [process.execPath, path.join(bench, 'peers/ours.ts')]
      : [python, path.join(bench, 'cuda-diffusers.py')];

  return async (kind, who, limitMs) => {
    if (kind === 'image' && who !== 'ours' && tokens === undefined) {
      notes.push(`${who}, picture: not measured, as it takes its token ids from ours`);
      return;
    }
    if (limitMs !== undefined && limitMs < 10_000) {
      notes.push(`${who}, ${kind}: left out for want of time`);
      return;
    }
    const work: Work & { compile?: boolean } = {
      ...{ kind, checkpoint: base, side, device, picture },
      ...(refiner !== undefined && { refiner }),
      ...(who === 'compiled' && { compile: true }),
    };
    const output = path.join(folder, `${kind}-${who}`);
    const isImage = kind === 'image';
    try {
      const measured = await measure(
        {
          ...{ command: command(who), work, output },
          ...(isImage && tokens && { tokens }),
          ...(limitMs !== undefined && { limitMs }),
        },
        ...([isImage ? 1 : 3, isImage ? options.pictures : options.runs, index] as const),
      );
      tokens ??= measured.tokens;
      outputs.set(`${kind} ${who}`, output);
      if (isImage) grid.put(`picture of ${picture.steps} steps`, 's', who, measured.median);
      else grid.put('guided step', 'ms', who, 1000 * measured.median);
      grid.put(isImage ? 'load for pictures' : 'load for steps', 's', who, measured.loadSeconds);
      if (measured.videoBytes !== undefined)
        grid.put(isImage ? 'memory of pictures' : 'memory of steps', 'GB', who, measured.videoBytes / 1e9);
      notes.push(`${who}, ${kind}: ${measured.name}`);
    } catch (error) {
      notes.push(`${who}, ${kind}: failed: ${(error as Error).message}`);
      return;
    }
    const ours = outputs.get(`${kind} ours`);
    if (who === 'diffusers' && ours !== undefined)
      notes.push(`${kind}: ${await agreement(kind, ours, output)}`);
  };
}
