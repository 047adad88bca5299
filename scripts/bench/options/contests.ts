import type { InferenceSession } from 'onnxruntime-node';
import type { Checkpoint } from '../../../src/checkpoints/checkpoint.ts';
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

/** Options of the runtime. */
function graphContests(checkpoint: Checkpoint, side: number): Contest[] {
  const duel = (
    network: string,
    usual: [string, InferenceSession.SessionOptions],
    other: [string, InferenceSession.SessionOptions],
  ): Contest => ({
    usual: `${network}: ${usual[0]}`,
    other: other[0],
    open: async () => {
      const work = networkWork(network, checkpoint, side);
      const [a, b] = [await bareSession(work, usual[1]), await bareSession(work, other[1])];
      return { usual: a.run, other: b.run, release: () => Promise.all([a.release(), b.release()]) };
    },
  });
  const level = (graphOptimizationLevel: 'basic' | 'extended' | 'all') => ({ graphOptimizationLevel });
  const still = { ...level('basic'), extra: { session: { intra_op: { allow_spinning: '0' } } } };
  const denormal = { ...level('basic'), extra: { session: { set_denormal_as_zero: '1' } } };
  const plain: [string, InferenceSession.SessionOptions] = ['basic', level('basic')];
  return [
    duel('unet', plain, ['extended', level('extended')]),
    duel('unet', plain, ['all: feature maps in blocks of channels', level('all')]),
    duel('unet', plain, ['one thread', { ...level('basic'), intraOpNumThreads: 1 }]),
    duel('unet', plain, ['idle threads sleep at once', still]),
    duel('unet', plain, ['denormal numbers as zero', denormal]),
    duel('unet', plain, ['no memory arena', { ...level('basic'), enableCpuMemArena: false }]),
    duel('vae-decoder', ['all', level('all')], ['basic: feature maps as they are', level('basic')]),
    duel('vae-decoder', ['all', level('all')], ['one thread', { ...level('all'), intraOpNumThreads: 1 }]),
  ];
}
