import type { Method } from './methods.ts';
import type { NoiseTable } from './noise-levels/noise-table.ts';
import type { Schedule } from './scheduler.ts';

/** A name with what it means: a method on a schedule. */
export interface SchedulerDefinition extends Method {
  readonly name: string;
  /** How the noise levels are spaced, in words. */
  readonly spacing: string;
  /** The whole run of `steps` steps. */
  schedule(model: NoiseTable, steps: number): Schedule;
  /** The class or function whose numbers it gives. */
  readonly source: string;
}
