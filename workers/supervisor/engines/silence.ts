/** Notices when a process that should be heard of is not. */
export interface SilenceWatch {
  /** From now on silence may last this long; `pinged`: nothing but answers to pings is to be expected. */
  expect(limitMs: number, pinged?: 'pinged'): void;
  stop(): void;
}

export interface SilenceOptions {
  readonly ping: () => void;
  /** Once, with how long nothing was heard. */
  readonly onSilent: (silentMs: number) => void;
  /** How often the time is looked at. */
  readonly tickMs: number;
}

/**
 * Counts time in which this process itself ran: a machine that slept, a container that was frozen or a thread
 * that stood still makes nobody else silent, and what was said meanwhile is heard before the next look.
 */
export function watchSilence({ ping, onSilent, tickMs }: SilenceOptions): SilenceWatch {
  let limitMs = Number.POSITIVE_INFINITY;
  let isPinged = false;
  let silentMs = 0;
  let lookedAt = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    silentMs += Math.min(now - lookedAt, 2 * tickMs);
    lookedAt = now;
    if (silentMs >= limitMs) {
      clearInterval(timer);
      onSilent(silentMs);
    } else if (isPinged) ping();
  }, tickMs);
  timer.unref();
  return {
    expect: (next, pinged) => {
      limitMs = next;
      isPinged = pinged !== undefined;
      silentMs = 0;
      lookedAt = performance.now();
    },
    stop: () => clearInterval(timer),
  };
}
