import type { Job, Worker } from 'bullmq';

export interface HeldLock {
  readonly token: string;
  readonly lockDurationMs: number;
  /** Another worker may have the job by now: it must not be raced. */
  readonly onLost: () => void;
  readonly onError: (error: Error) => void;
}

/** Renews the lock of a job in hand three times in its duration, until the returned function is called. */
export function holdLock(worker: Worker, job: Job, held: HeldLock): () => void {
  const { token, lockDurationMs, onLost, onError } = held;
  let timer: NodeJS.Timeout;
  let released = false;
  const renew = async (): Promise<void> => {
    const lost = await worker.extendJobLocks([job.id!], [token], lockDurationMs);
    if (lost.length > 0 && !released) onLost();
  };
  // The next renewal begins after the last has ended: one that waits for Redis to come back is not followed
  // by a crowd.
  const schedule = (): void => {
    timer = setTimeout(() => {
      void renew()
        .catch(onError)
        .finally(() => {
          if (!released) schedule();
        });
    }, lockDurationMs / 3);
  };
  schedule();
  return () => {
    released = true;
    clearTimeout(timer);
  };
}
