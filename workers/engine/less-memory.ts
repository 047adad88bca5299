import type { DeviceLayout } from '../../src/installation/memory/device-layout.ts';
import { deviceTrouble } from './device-trouble.ts';

/**
 * Computes, and where the device has no memory for it once more with less: as often as `lower` finds
 * something to take off the device.
 * @throws what `compute` does, where nothing more can be lowered.
 */
export async function withLessMemory<T>(
  compute: () => Promise<T>,
  lower: (error: Error) => Promise<boolean>,
): Promise<T> {
  for (;;)
    try {
      return await compute();
    } catch (error) {
      if (!isNoMemory(error) || !(await lower(error))) throw error;
    }
}

export function isNoMemory(error: unknown): error is Error {
  return error instanceof Error && deviceTrouble(error.message) === 'memory';
}

/** Goes down one memory plan, and says so. */
export function lowering(layout: DeviceLayout | undefined): (error: Error) => Promise<boolean> {
  return async ({ message }) => {
    const plan = await layout?.lower();
    if (plan !== undefined)
      process.stderr.write(`engine: memory plan ${plan.name} from now on (${plan.what}): ${message}\n`);
    return plan !== undefined;
  };
}
