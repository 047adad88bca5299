/** What is read at most once in a while, and no older than that. */
export interface LatelyOptions<T> {
  /**
   * A value older than half of this is used once more while another is read, so that nobody waits for it
   * where many ask; an older one is waited for.
   */
  readonly maxAgeMs: number;
  /**
   * Whether a value is believed for a while; every one by default. One that is not is read again each time.
   */
  readonly isKept?: (value: T) => boolean;
  /** Milliseconds of a monotonic clock. */
  readonly now?: () => number;
}

/**
 * @returns a function that reads, or says what was read lately. A failure is told to who waits, and
 * forgotten.
 */
export function lately<T>(
  read: () => Promise<T>,
  { maxAgeMs, isKept = () => true, now = () => performance.now() }: LatelyOptions<T>,
): () => Promise<T> {
  let kept: { readonly value: T; readonly at: number } | undefined;
  let reading: Promise<T> | undefined;
  const fresh = (): Promise<T> => {
    reading ??= (async () => {
      const at = now();
      try {
        const value = await read();
        kept = isKept(value) ? { value, at } : undefined;
        return value;
      } finally {
        reading = undefined;
      }
    })();
    return reading;
  };
  return async () => {
    const ageMs = kept === undefined ? Number.POSITIVE_INFINITY : now() - kept.at;
    if (kept === undefined || ageMs >= maxAgeMs) return await fresh();
    if (ageMs >= maxAgeMs / 2) fresh().catch(() => undefined);
    return kept.value;
  };
}
