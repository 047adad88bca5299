import type { CancelReason } from '../job-error.ts';

/**
 * The jobs that a worker holds: the one whose pictures are being made, and the one before it while its
 * pictures are encoded and stored, where that takes nothing of what makes pictures.
 */
export interface JobsInHand {
  ids(): string[];
  /** @returns false where no such job is held. */
  stop(id: string, reason: CancelReason): boolean;
  stopAll(reason: CancelReason): void;
  /**
   * Works on a job until it has ended, or until another may begin; then it ends beside that.
   * @param work calls `computed` where another may begin.
   * @throws what `work` does before that.
   */
  hold(id: string, aborter: AbortController, work: (computed: () => void) => Promise<void>): Promise<void>;
  /** Once no job is being finished. */
  finished(): Promise<void>;
}

/** @param onError hears of a job that failed to end while it was finished beside another. */
export function createJobsInHand(onError: (error: unknown) => void): JobsInHand {
  const held = new Map<string, AbortController>();
  let finishing: Promise<void> = Promise.resolve();
  return {
    ids: () => [...held.keys()],
    stop: (id, reason) => {
      const aborter = held.get(id);
      aborter?.abort(reason);
      return aborter !== undefined;
    },
    stopAll: (reason) => {
      for (const aborter of held.values()) aborter.abort(reason);
    },
    hold: async (id, aborter, work) => {
      held.set(id, aborter);
      const computed = Promise.withResolvers<void>();
      let hasEnded = false;
      const ended = work(computed.resolve).finally(() => {
        hasEnded = true;
        // It may have been lost and taken again.
        if (held.get(id) === aborter) held.delete(id);
      });
      await Promise.race([ended, computed.promise]);
      if (hasEnded) return await ended;
      const before = finishing;
      finishing = ended.catch(onError);
      // One at a time: where they cannot be stored, no more are made.
      await before;
    },
    finished: () => finishing,
  };
}
