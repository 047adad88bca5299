import type { AddLowRank, LowRank, WeightValues } from '../checkpoints/loras/low-rank.ts';
import type { InferenceSession } from './runtime/inference-session.ts';
import { type AddedType, openLowRankAddition } from './runtime/low-rank-addition.ts';

/**
 * Adds a product on the CPU, in all of its threads: float32 products and sums, rounded once to the weight's
 * own type, without a float32 copy of it in JavaScript.
 */
export const runtimeLowRank: AddLowRank = async <Values extends WeightValues>(
  values: Values,
  { up, down, rank, scale }: LowRank,
): Promise<Values> => {
  const [outputs, inputs] = [up.length / rank, down.length / rank];
  const type = values instanceof Float32Array ? 'float32' : 'float16';
  const session = await sessionFor(type);
  const { sum } = await session.run({
    weight: { data: values, shape: [outputs, inputs] },
    up: { data: scale === 1 ? up : up.map((value) => scale * value), shape: [outputs, rank] },
    down: { data: down, shape: [rank, inputs] },
  });
  return sum!.data as Values;
};

const sessions = new Map<AddedType, Promise<InferenceSession>>();

/** Loaded with the first weight of a type, and kept. */
function sessionFor(type: AddedType): Promise<InferenceSession> {
  const known = sessions.get(type);
  if (known !== undefined) return known;
  const opened = openLowRankAddition(type, 'cpu');
  sessions.set(type, opened);
  // No memory now may be memory later.
  opened.catch(() => sessions.delete(type));
  return opened;
}
