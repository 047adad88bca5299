import { JobError } from '../../src/jobs/job-error.ts';
import { isNoMemory } from './less-memory.ts';

/**
 * Computes up to `batch` samples at once; where the device has no memory for that, everything once more
 * sample by sample. A sample has its own random numbers and is then computed as without batches, so that the
 * pictures are those of the request without any. The two rows of guidance stay together: apart they would
 * differ in their lowest bits.
 * @param onSplit hears the error that is mended.
 * @throws JobError where one sample at a time is too much as well; anything else as it comes.
 */
export async function splitOnce<T>(
  batch: number,
  compute: (batch: number) => Promise<T>,
  onSplit: (error: Error) => void,
): Promise<T> {
  try {
    return await compute(batch);
  } catch (error) {
    if (batch === 1 || !isNoMemory(error)) throw error;
    onSplit(error);
  }
  try {
    return await compute(1);
  } catch (cause) {
    if (!isNoMemory(cause)) throw cause;
    throw new JobError('The device has not enough memory for this request, even for one sample at a time', {
      retryable: false,
      cause,
    });
  }
}
