import { pendingProduct } from '../../../checkpoints/loras/pending-products.ts';
import type { LocatedWeight } from '../../../graphs/locate-weights.ts';
import { PendingTensorError } from '../../../graphs/place-weights.ts';
import { elementBytes } from '../element-types.ts';
import type { InferenceSession } from '../inference-session.ts';
import { type AddedType, openLowRankAddition } from '../low-rank-addition.ts';
import type { WeightDevice, WeightMemory } from './weight-memory.ts';

/** A place on a device. */
export interface DevicePlace {
  readonly memory: WeightMemory;
  readonly offset: number;
}

/** Adds pending products to weights where they lie, so that their factors alone come to the device. */
export interface DeviceMerger {
  /**
   * @param located with something pending. @param from where the weight lies without it, as it is wanted.
   * @param to a place that may be the same; what lies there after a failure is unknown.
   * @throws Error where a LoRA's file is gone or another one, or the device refuses; the signal's reason.
   */
  merge(
    located: LocatedWeight,
    from: DevicePlace,
    to: DevicePlace,
    signal: AbortSignal | undefined,
  ): Promise<void>;
}

/** So many rows at a time that the device needs some 50 MB beside the weight. */
const elementsAtATime = 2 ** 22;
/** Of rows, so that every part of a weight begins where vectors may. */
const rowStep = 128;

export function createDeviceMerger(device: WeightDevice): DeviceMerger {
  const sessions = new Map<AddedType, Promise<InferenceSession>>();
  const sessionFor = (type: AddedType): Promise<InferenceSession> => {
    const known = sessions.get(type);
    if (known !== undefined) return known;
    const opened = openLowRankAddition(type, device.name);
    sessions.set(type, opened);
    // No memory now may be memory later.
    opened.catch(() => sessions.delete(type));
    return opened;
  };
  return {
    merge: async (located, from, to, signal) => {
      const { precision, channelsLast } = located.weight;
      const [session, { up, down, rank, scale }] = await Promise.all([
        sessionFor(precision),
        pendingProduct(located.pending!, channelsLast),
      ]);
      const [outputs, inputs] = [up.length / rank, down.length / rank];
      const scaled = scale === 1 ? up : up.map((value) => scale * value);
      const step = rowStep * Math.max(1, Math.floor(elementsAtATime / inputs / rowStep));
      for (let row = 0; row < outputs; row += step) {
        const rows = Math.min(step, outputs - row);
        const begin = row * inputs * elementBytes(precision);
        const weight = from.memory.value(from.offset + begin, precision, [rows, inputs]);
        const sum = to.memory.value(to.offset + begin, precision, [rows, inputs]);
        try {
          await session.runHeld(
            {
              weight,
              up: { data: scaled.subarray(row * rank, (row + rows) * rank), shape: [rows, rank] },
              down: { data: down, shape: [rank, inputs] },
            },
            { into: { sum }, signal },
          );
        } finally {
          weight.release();
          sum.release();
        }
      }
    },
  };
}

/**
 * The weight that something is pending for, as it is without.
 * @throws PendingTensorError where it is not what its file has but for the order of its axes, so that it
 * would be rounded before something is added.
 */
export function withoutPending({ pending: _, ...located }: LocatedWeight): LocatedWeight {
  const { weight, conversions } = located;
  if (conversions.some(({ op }) => op !== 'Transpose') || weight.scale !== 1)
    throw new PendingTensorError(
      `${weight.key}: is converted, so that nothing can be added to it on a device`,
    );
  return located;
}
