/** Names of the stages whose seconds a result reports. */
export type Stage =
  | 'textEncode'
  | 'vaeEncode'
  | 'base'
  | 'refiner'
  | 'vaeDecode'
  | 'safetyCheck'
  | 'imageEncode';

/** Adds up wall-clock seconds by stage. */
export interface Stopwatch {
  time<T>(stage: Stage, work: () => Promise<T>): Promise<T>;
  readonly seconds: Readonly<Record<string, number>>;
}

export function createStopwatch(): Stopwatch {
  const seconds: Record<string, number> = {};
  return {
    seconds,
    async time(stage, work) {
      const start = performance.now();
      try {
        return await work();
      } finally {
        seconds[stage] = (seconds[stage] ?? 0) + (performance.now() - start) / 1000;
      }
    },
  };
}
