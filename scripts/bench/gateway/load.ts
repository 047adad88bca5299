import { setFlagsFromString } from 'node:v8';

// As in src/gateway/server.ts: the collector of this process must not be charged to the server.
setFlagsFromString('--external-memory-accounted-in-global-limit');

/** Milliseconds of one kind of call. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
  readonly largest: number;
}

function summarise(milliseconds: readonly number[]): Latencies {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { p50: at(0.5), p99: at(0.99), largest: sorted.at(-1)! };
}

/**
 * Calls at a steady rate, whether or not earlier calls have ended, and measures each from the moment it was
 * due: a server that stands still is charged for everybody who would have come meanwhile.
 */
export async function atRate(
  perSecond: number,
  seconds: number,
  call: (index: number) => Promise<void>,
): Promise<Latencies> {
  const total = perSecond * seconds;
  const milliseconds: number[] = [];
  const running: Promise<void>[] = [];
  const start = performance.now();
  for (let index = 0; index < total; index++) {
    const due = start + (index * 1000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    // Timers are late by up to a millisecond; that is not the server's.
    const from = Math.min(performance.now(), due + 1.5);
    running.push(call(index).then(() => void milliseconds.push(performance.now() - from)));
  }
  await Promise.all(running);
  return summarise(milliseconds);
}

/** Calls one after another. */
export async function oneByOne(count: number, call: (index: number) => Promise<void>): Promise<Latencies> {
  const milliseconds: number[] = [];
  for (let index = 0; index < count; index++) {
    const from = performance.now();
    await call(index);
    milliseconds.push(performance.now() - from);
  }
  return summarise(milliseconds);
}
