import { Counter, type Registry } from 'prom-client';

/** Longest waits and computations of interest: from a hit in a cache to a CPU's hour. */
export const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

/** The part of a request that labels are made of. */
export interface Counted {
  readonly endpoint: string;
}

export interface RequestMetrics {
  completed(request: Counted): void;
  failed(request: Counted, reason: string): void;
}

/**
 * How requests ended. Gateways cancel and find deadlines passed, workers do the rest: each ending is counted
 * by the process that wrote it, so both export the same name and a sum over all of them counts each request
 * once.
 */
export function requestMetrics(registry: Registry): RequestMetrics {
  const registers = [registry];
  const ended = new Counter({
    name: 'sdxl_requests_total',
    help: 'Requests that have ended, by how.',
    labelNames: ['endpoint', 'status'],
    registers,
  });
  const failures = new Counter({
    name: 'sdxl_request_failures_total',
    help: 'Requests that ended without pictures, by reason.',
    labelNames: ['endpoint', 'reason'],
    registers,
  });
  return {
    completed: ({ endpoint }) => ended.inc({ endpoint, status: 'completed' }),
    failed: ({ endpoint }, reason) => {
      ended.inc({ endpoint, status: reason === 'cancelled' ? 'cancelled' : 'failed' });
      failures.inc({ endpoint, reason });
    },
  };
}
