import { readFileSync } from 'node:fs';
import { parentOf } from './start-time.ts';

const intervalMs = 200;

/**
 * Ends this process as SIGTERM would once the npm that runs it as one of these scripts, or the npx, has gone,
 * even by SIGKILL, which npm cannot hand on, or once the shell between them has, which npx ends in its place.
 * A process that was started in another way may outlive its parent.
 */
export function endWithNpm(scripts: readonly string[]): void {
  const { npm_lifecycle_event: script, npm_execpath: npm } = process.env;
  if (npm === undefined || script === undefined || ![...scripts, 'npx'].includes(script)) return;
  const parent = process.ppid;
  // Some shells give their place to the command of `-c`, others wait for it as npm's child.
  const runner = isShellOfNpm(parent) ? parentOf(parent) : undefined;
  const timer = setInterval(() => {
    // An orphan is given to another process.
    if (process.ppid === parent && (runner === undefined || parentOf(parent) === runner)) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, intervalMs);
  timer.unref();
}

/** Whether a process was started as npm starts a command; false without /proc. */
function isShellOfNpm(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[1] === '-c';
  } catch {
    return false;
  }
}
