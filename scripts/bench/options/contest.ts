/** Two ways to the same result, loaded. */
export interface Ways {
  readonly usual: () => Promise<unknown>;
  readonly other: () => Promise<unknown>;
  readonly release: () => Promise<unknown>;
}

/** What is done by default, and what could be done instead. */
export interface Contest {
  readonly usual: string;
  readonly other: string;
  open(): Promise<Ways>;
}
