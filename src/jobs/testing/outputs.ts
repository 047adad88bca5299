import type { GenerationOutput } from '../generate.ts';

/** Hears nothing. */
export const log = { info: () => {}, warn: () => {}, error: () => {} };

/** One picture for each seed. */
export const output = (...seeds: number[]): GenerationOutput => ({
  pictures: seeds.map((seed) => ({ bytes: Buffer.from(`picture ${seed}`), seed })),
  checkpoints: ['tiny'],
  inferenceSeconds: 0.5,
  stageSeconds: { base: 0.4 },
});
