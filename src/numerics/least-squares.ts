/**
 * The coefficients c that bring rows x c nearest to targets, by the normal equations and Gaussian
 * elimination, which suffices for a few dozen well-conditioned columns.
 * @param rows of equal length, at least as many as columns. @param targets one number for each row.
 * @throws Error where the columns depend on each other.
 */
export function leastSquares(rows: readonly (readonly number[])[], targets: readonly number[]): number[] {
  const columns = rows[0]!.length;
  // [rows' rows | rows' targets]
  const system = Array.from({ length: columns }, (_, i) => [
    ...Array.from({ length: columns }, (_, j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
    rows.reduce((sum, row, index) => sum + row[i]! * targets[index]!, 0),
  ]);
  for (let i = 0; i < columns; i++) {
    const pivot = system[i]![i]!;
    if (!(pivot > 0)) throw new Error(`column ${i} of ${columns} depends on those before it`);
    for (let k = 0; k < columns; k++) {
      if (k === i) continue;
      const factor = system[k]![i]! / pivot;
      for (let j = i; j <= columns; j++) system[k]![j]! -= factor * system[i]![j]!;
    }
  }
  return system.map((row, i) => row[columns]! / row[i]!);
}
