/** Who may use something at a time: many together, or one alone. In the order in which they ask. */
export interface Turns {
  shared<Made>(work: () => Promise<Made>): Promise<Made>;
  alone<Made>(work: () => Promise<Made>): Promise<Made>;
}

export function createTurns(): Turns {
  const sharing = new Set<Promise<unknown>>();
  /** Resolves when the last who asked to be alone is done. */
  let gate: Promise<unknown> = Promise.resolve();
  return {
    shared: (work) => {
      const turn = gate.then(work);
      sharing.add(turn);
      const leave = (): unknown => sharing.delete(turn);
      turn.then(leave, leave);
      return turn;
    },
    alone: (work) => {
      const turn = Promise.allSettled([gate, ...sharing]).then(work);
      gate = turn.catch(() => undefined);
      return turn;
    },
  };
}
