/** What a worker knows of its queues without asking: which one has got a job since all were seen empty. */
export interface QueueSigns {
  /**
   * @param sign the route whose queue has got a job; anything else says that something has changed somewhere.
   */
  heard(sign: string): void;
  /** All queues are being looked into. */
  looking(): void;
  /** What that look has found. */
  found(heads: number): void;
  /**
   * The only route that can have a job, once: what comes of it changes the rest. Undefined where more may
   * have happened.
   */
  take(): string | undefined;
}

export function createQueueSigns(routes: readonly string[]): QueueSigns {
  const grown = new Set<string>();
  let isKnown = false;
  return {
    heard: (sign) => {
      if (routes.includes(sign)) grown.add(sign);
      else isKnown = false;
    },
    // What is heard from here on may or may not be seen by the look.
    looking: () => {
      grown.clear();
      isKnown = true;
    },
    found: (heads) => {
      if (heads > 0) isKnown = false;
    },
    take: () => {
      const only = isKnown && grown.size === 1 ? [...grown][0] : undefined;
      isKnown = false;
      return only;
    },
  };
}
