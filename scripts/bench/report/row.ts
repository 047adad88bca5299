import type { MachineFacts } from '../machine.ts';

export type Unit = 'ms' | 's' | 'MB' | 'GFLOP/s';

/** One thing that was measured. */
export interface Row {
  readonly group: string;
  readonly name: string;
  readonly unit: Unit;
  /** One by round; at least one. */
  readonly samples: readonly number[];
  /** Floating-point operations of what took that time. */
  readonly flops?: number;
}

export interface Report {
  readonly measuredAt: string;
  readonly machine: MachineFacts;
  /** What was measured with which settings, as the command had them. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly rows: readonly Row[];
}

/** The row that others' speeds are held to. */
export const matmulName = 'float32 matrix product';

/** Samples of the same row from several rounds, in one row each, in the order of their first appearance. */
export function mergeRounds(rounds: readonly (readonly Row[])[]): Row[] {
  const merged = new Map<string, Row>();
  for (const row of rounds.flat()) {
    const key = `${row.group}/${row.name}`;
    const { samples = [] } = merged.get(key) ?? {};
    merged.set(key, { ...row, samples: [...samples, ...row.samples] });
  }
  return [...merged.values()];
}
