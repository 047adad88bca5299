import type { Unet } from '../src/networks/networks.ts';
import { deviceTrouble } from './device-trouble.ts';

/** How much of a request is computed in one pass of the network. */
export interface Portion {
  /** Samples. */
  readonly batch: number;
  /** Rows of the UNet's batch: guidance gives it two for each sample. */
  readonly rows: number;
}

/** Samples of a batch one by one, as they are computed where nothing is batched; of a single one its two rows. */
function smaller({ batch }: Portion): Portion {
  return batch > 1 ? { batch: 1, rows: Number.POSITIVE_INFINITY } : { batch: 1, rows: 1 };
}

/**
 * Computes up to `batch` samples at once; where the device has no memory for that, everything once more in smaller portions. A sample
 * has its own random numbers, so that the pictures are those of the larger portions.
 * @param onSplit hears the error that was mended.
 */
export async function splitOnce<T>(
  batch: number,
  compute: (portion: Portion) => Promise<T>,
  onSplit: (error: Error) => void,
): Promise<T> {
  const whole = { batch, rows: Number.POSITIVE_INFINITY };
  try {
    return await compute(whole);
  } catch (error) {
    if (!(error instanceof Error) || deviceTrouble(error.message) !== 'memory') throw error;
    onSplit(error);
    return await compute(smaller(whole));
  }
}

/** The same network given at most so many rows of a batch at once. */
export function inRows(unet: Unet, most: number): Unet {
  if (!Number.isFinite(most)) return unet;
  return {
    ...unet,
    predictNoise: async (input) => {
      const { batch, latents } = input;
      if (batch <= most) return await unet.predictNoise(input);
      const whole = new Float32Array(latents.length);
      for (let first = 0; first < batch; first += most) {
        const count = Math.min(most, batch - first);
        const part = (values: Float32Array) =>
          values.subarray((first * values.length) / batch, ((first + count) * values.length) / batch);
        const predicted = await unet.predictNoise({
          ...input,
          batch: count,
          latents: part(latents),
          encoderHiddenStates: part(input.encoderHiddenStates),
          textEmbeds: part(input.textEmbeds),
          timeIds: part(input.timeIds),
        });
        whole.set(predicted, (first * latents.length) / batch);
      }
      return whole;
    },
  };
}
