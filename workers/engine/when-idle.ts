/**
 * Does something whenever no work has been done for a while after some was. Both happen side by side where
 * new work comes at that moment.
 * @param onError hears of an `act` that failed.
 */
export function whenIdle(
  act: () => Promise<void>,
  idleMs: number,
  onError: (error: unknown) => void,
): <T>(work: () => Promise<T>) => Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let under = 0;
  return async (work) => {
    clearTimeout(timer);
    under += 1;
    try {
      return await work();
    } finally {
      under -= 1;
      if (under === 0) timer = setTimeout(() => void act().catch(onError), idleMs).unref();
    }
  };
}
