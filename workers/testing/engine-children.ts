import { readFileSync } from 'node:fs';

/** Process ids of the fake engines that this process has started and that live. */
export function engineChildren(): number[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ');
  return children.filter((pid) => pid !== '' && isEngine(pid)).map(Number);
}

function isEngine(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('testing/engine.ts');
  } catch {
    return false;
  }
}
