import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { canBindToParent } from '../../../src/process/bound-process.ts';
import { startTimeOf } from '../../../src/process/start-time.ts';

/**
 * Stands in for setpriv(1) where that is missing: a process of its own that learns the children's ids on its
 * standard input and sends them SIGTERM when that input closes, which the kernel sees to however the launcher
 * ends.
 */
export function startWatchdog(): { watch(pid: number): void } {
  if (canBindToParent()) return { watch: () => undefined };
  const watchdog = spawn(process.execPath, [import.meta.filename], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  });
  watchdog.unref();
  return { watch: (pid) => watchdog.stdin.write(`${pid}\n`) };
}

if (import.meta.main) {
  const watched = new Map<number, string | undefined>();
  const input = createInterface({ input: process.stdin });
  input.on('line', (line) => watched.set(Number(line), startTimeOf(Number(line))));
  input.once('close', () => {
    for (const [pid, started] of watched)
      if (started !== undefined && startTimeOf(pid) === started) process.kill(pid, 'SIGTERM');
  });
}
