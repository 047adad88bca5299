/**
 * Runs work that keeps the thread for long one piece after another, each in a turn of the event loop of its
 * own, so that whoever needs the thread for little is served in between.
 */
export type Turns = <Result>(work: () => Result) => Promise<Result>;

export function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve();
  return async (work) => {
    const before = last;
    const { promise, resolve } = Promise.withResolvers<void>();
    last = promise;
    await before;
    await new Promise((next) => setImmediate(next));
    try {
      return work();
    } finally {
      resolve();
    }
  };
}
