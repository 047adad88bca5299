export interface WithdrawalOptions {
  /**
   * A checkpoint that has failed twice in a row is left alone for this long; doubles with each further time.
   */
  readonly withdrawMs?: number;
  /** Some checkpoint has been withdrawn, or may be tried again. */
  readonly onChange: () => void;
}

/** Checkpoints that could not be loaded: each try costs the engine that there is. */
export interface WithdrawnCheckpoints {
  has(checkpoint: string): boolean;
  failed(checkpoint: string): void;
  loaded(checkpoint: string): void;
  close(): void;
}

const longestMs = 10 * 60_000;

/** A first failure may be a passing one (its process was killed), and is only remembered. */
export function createWithdrawnCheckpoints({
  withdrawMs = 30_000,
  onChange,
}: WithdrawalOptions): WithdrawnCheckpoints {
  const failures = new Map<string, number>();
  const withdrawn = new Map<string, NodeJS.Timeout>();
  const giveBack = (checkpoint: string): boolean => {
    clearTimeout(withdrawn.get(checkpoint));
    return withdrawn.delete(checkpoint);
  };
  return {
    has: (checkpoint) => withdrawn.has(checkpoint),
    failed: (checkpoint) => {
      const times = (failures.get(checkpoint) ?? 0) + 1;
      failures.set(checkpoint, times);
      if (times === 1) return;
      giveBack(checkpoint);
      const forMs = Math.min(withdrawMs * 2 ** (times - 2), longestMs);
      const timer = setTimeout(() => {
        if (giveBack(checkpoint)) onChange();
      }, forMs);
      timer.unref();
      withdrawn.set(checkpoint, timer);
      onChange();
    },
    loaded: (checkpoint) => {
      failures.delete(checkpoint);
      if (giveBack(checkpoint)) onChange();
    },
    close: () => {
      for (const checkpoint of [...withdrawn.keys()]) giveBack(checkpoint);
    },
  };
}
