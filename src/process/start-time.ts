import { readFileSync } from 'node:fs';

/**
 * When a process started, in clock ticks since boot (field 22 of proc(5) stat): together with its id it tells
 * the process from any later one that is given the same id. undefined where it does not run, or without
 * /proc.
 */
export function startTimeOf(pid: number): string | undefined {
  return statOf(pid)?.[19];
}

/** Id of the process that a process is a child of; undefined where it does not run, or without /proc. */
export function parentOf(pid: number): number | undefined {
  const parent = statOf(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** Fields 3 and on of proc(5) stat, which follow the command name; that one is in parentheses. */
function statOf(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ');
  } catch {
    return undefined;
  }
}

/** `<pid>-<start time>`; what names a process of this machine for good. */
export function processIdentity(pid: number): string {
  return `${pid}-${startTimeOf(pid) ?? 0}`;
}
