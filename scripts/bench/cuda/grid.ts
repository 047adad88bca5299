import { table } from '../../cli/download/sizes.ts';

export interface GridRow {
  readonly row: string;
  readonly unit: string;
  readonly values: Readonly<Record<string, number>>;
}

/** What was measured: a row for each quantity, a column for each contestant. */
export interface Grid {
  put(row: string, unit: string, column: string, value: number): void;
  value(row: string, column: string): number | undefined;
  rows(): readonly GridRow[];
  /** With what the first column is of the second, where both have a time. */
  show(columns: readonly string[]): string;
}

export function createGrid(): Grid {
  const rows = new Map<string, { unit: string; values: Record<string, number> }>();
  return {
    put: (row, unit, column, value) => {
      const found = rows.get(row) ?? { unit, values: {} };
      found.values[column] = value;
      rows.set(row, found);
    },
    value: (row, column) => rows.get(row)?.values[column],
    rows: () => [...rows].map(([row, { unit, values }]) => ({ row, unit, values })),
    show: (columns) => {
      const [first, second] = columns as [string, string];
      const lines = [...rows].map(([row, { unit, values }]) => {
        const [ours, theirs] = [values[first], values[second]];
        return [
          row,
          unit,
          ...columns.map((column) => digits(values[column])),
          ours === undefined || theirs === undefined ? '' : (ours / theirs).toFixed(2),
        ];
      });
      return table(['', '', ...columns, `of ${second}`], lines);
    },
  };
}

function digits(value: number | undefined): string {
  if (value === undefined) return '-';
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}
