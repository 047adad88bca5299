/** What our engine is to measure of itself. */
export interface EngineWork {
  /** Folders of checkpoints. */
  readonly base: string;
  readonly refiner?: string;
  readonly device: string;
  readonly side: number;
  readonly deterministic: boolean;
  readonly cudaGraphs: boolean;
  /** Steps that are timed. */
  readonly runs: number;
  /** Equal steps, and equal requests, whose results are compared. */
  readonly repetitions: number;
  readonly pictureRepetitions: number;
  /** Pictures that are made one after the other, and their steps. */
  readonly queue: number;
  readonly steps: number;
}

export interface EngineRow {
  readonly row: string;
  readonly unit: 'ms' | 's' | 'GB' | '';
  readonly value: number;
  readonly samples?: readonly number[];
}
