import type { Checkpoint } from '../../../src/checkpoints/checkpoint.ts';
import { sessionOptions } from '../../../src/networks/runtime/session.ts';
import type { SessionOptions } from '../../../src/networks/runtime/session-options.ts';
import { bareSession, networkWork } from '../networks/network-work.ts';
import type { Contest } from './contest.ts';
import { batchContests, overlap, repetitionContests } from './picture-contests.ts';

/** All on the CPU. @param side of the picture, in pixels. */
export function contests(checkpoint: Checkpoint, side: number): Contest[] {
  return [
    ...graphContests(checkpoint, side),
    ...batchContests(checkpoint, side),
    ...repetitionContests(checkpoint, side),
    overlap(checkpoint, side),
  ];
}

/** Options of the runtime: those that the product gives it, and one of them changed. */
function graphContests(checkpoint: Checkpoint, side: number): Contest[] {
  const usual = sessionOptions('', { device: 'cpu' }, { blockedLayout: true });
  const changes: [string, Partial<SessionOptions>][] = [
    ['feature maps as they are (level basic)', { level: 'basic' }],
    ['the same, fused (level extended)', { level: 'extended' }],
    ['one thread', { threads: 1 }],
    ['idle threads sleep at once', withConfig(usual, { 'intra_op.allow_spinning': '0' })],
    ['denormal numbers as zero', withConfig(usual, { set_denormal_as_zero: '1' })],
    ['no memory arena', { cpuArena: false }],
  ];
  return ['unet', 'vae-decoder'].flatMap((network) =>
    changes.map(([other, change]) => ({
      usual: `${network}: feature maps in blocks of channels`,
      other,
      open: async () => {
        const work = networkWork(network, checkpoint, side);
        const [a, b] = [await bareSession(work, usual), await bareSession(work, { ...usual, ...change })];
        return { usual: a.run, other: b.run, release: () => Promise.all([a.release(), b.release()]) };
      },
    })),
  );
}

function withConfig({ config }: SessionOptions, more: Readonly<Record<string, string>>) {
  return { config: { ...config, ...more } };
}
