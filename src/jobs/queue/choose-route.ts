import { priorityOf } from './places.ts';
import type { QueueHead } from './queue-heads.ts';

/** How a worker stands when it is free to take a job. */
export interface Standing {
  /** The queues it serves in which something waits. */
  readonly heads: readonly QueueHead[];
  /** Routes whose models are loaded here. */
  readonly resident: ReadonlySet<string>;
  /** Routes whose models could not be loaded here lately. */
  readonly withdrawn: ReadonlySet<string>;
  /** Since its models were last exchanged. */
  readonly residentForMs: number;
  /** Other live workers: what they serve, what is loaded there, and whether a job runs. */
  readonly others: readonly {
    readonly routes: readonly string[];
    readonly resident: readonly string[];
    readonly busy: boolean;
  }[];
  /** A job whose models are not loaded waits this long for the jobs of those that are. */
  readonly swapAfterMs: number;
}

/**
 * The routes to take the next job from, best first:
 * 1. a job whose models are loaded at another worker that is free is left to that worker, unless it has
 *   waited for swapAfterMs; one whose models could not be loaded here is left to any that serves it;
 * 2. lower priority numbers go first, whatever they need;
 * 3. jobs whose models are loaded go before those that need an exchange, except that a job that has waited
 *   for swapAfterMs counts
 *    as if its models were loaded, once the present ones have been here for as long;
 * 4. then the order of acceptance. So a stream of jobs for the loaded models delays the others by swapAfterMs
 *   and what was accepted before them, no longer; and under load each exchange is paid for by swapAfterMs of
 *   work. Where no loaded model has anything to do, nothing is waited for.
 */
export function routesInOrder(standing: Standing): string[] {
  const { heads, resident, withdrawn, residentForMs, others, swapAfterMs } = standing;
  const isFreeElsewhere = (route: string) =>
    others.some((other) => !other.busy && other.resident.includes(route));
  const candidates = heads.flatMap(({ route, place, waitedMs }) => {
    const isHere = resident.has(route);
    const isOverdue = waitedMs >= swapAfterMs;
    if (!isHere && !isOverdue && isFreeElsewhere(route)) return [];
    if (withdrawn.has(route) && others.some(({ routes }) => routes.includes(route))) return [];
    const isDue = isHere || (isOverdue && residentForMs >= swapAfterMs);
    return [{ route, place, priority: priorityOf(place), rank: isDue ? 0 : 1 }];
  });
  candidates.sort((a, b) => a.priority - b.priority || a.rank - b.rank || a.place - b.place);
  return candidates.map(({ route }) => route);
}
