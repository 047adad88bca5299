import { globSync, readFileSync } from 'node:fs';

/** Process ids below this one, children of children included. Reads /proc. */
export function descendants(ancestor: number): number[] {
  const parents = new Map<number, number>();
  for (const file of globSync('/proc/[0-9]*/stat')) {
    try {
      const stat = readFileSync(file, 'latin1');
      parents.set(Number.parseInt(stat, 10), Number(stat.split(') ').at(-1)!.split(' ')[1]));
    } catch {
      // It has ended meanwhile.
    }
  }
  const below = (pid: number): number[] =>
    [...parents].filter(([, parent]) => parent === pid).flatMap(([child]) => [child, ...below(child)]);
  return below(ancestor);
}

/** The words a process was started with; none where it has ended. */
export function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}
