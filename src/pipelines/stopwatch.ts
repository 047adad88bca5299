/** Names of the stages whose seconds a result reports. */
export type Stage =
  | 'loras'
  | 'textEncode'
  | 'vaeEncode'
  | 'base'
  | 'refiner'
  | 'vaeDecode'
  | 'safetyCheck'
  | 'imageEncode';

/** A stage from its begin to its end, in milliseconds since the stopwatch was made. */
export interface StageInterval {
  readonly stage: Stage;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Adds up wall-clock seconds by stage. */
export interface Stopwatch {
  time<T>(stage: Stage, work: () => Promise<T>): Promise<T>;
  readonly seconds: Readonly<Record<string, number>>;
  /** In the order of time; what followed itself, as the steps of a network do, is one. */
  readonly intervals: readonly StageInterval[];
}

/** Begins to measure now. A stage whose work fails counts to its failure. */
export function createStopwatch(): Stopwatch {
  const seconds: Record<string, number> = {};
  const intervals: StageInterval[] = [];
  const made = performance.now();
  return {
    seconds,
    intervals,
    async time(stage, work) {
      const start = performance.now();
      try {
        return await work();
      } finally {
        const end = performance.now();
        seconds[stage] = (seconds[stage] ?? 0) + (end - start) / 1000;
        const last = intervals.at(-1);
        const follows = last?.stage === stage;
        const fromMs = follows ? last.fromMs : start - made;
        intervals.splice(follows ? -1 : intervals.length, 1, { stage, fromMs, toMs: end - made });
      }
    },
  };
}
