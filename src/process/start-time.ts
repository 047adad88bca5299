import { readFileSync } from 'node:fs';

/**
 * When a process started, in clock ticks since boot (field 22 of proc(5) stat): together with its id it tells
 * the process from any later one that is given the same id. undefined where it does not run, or without
 * /proc.
 */
export function startTimeOf(pid: number): string | undefined {
  try {
    // The fields follow the command name, which is in parentheses.
    return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[19];
  } catch {
    return undefined;
  }
}

/** `<pid>-<start time>`; what names a process of this machine for good. */
export function processIdentity(pid: number): string {
  return `${pid}-${startTimeOf(pid) ?? 0}`;
}
