const intervalMs = 200;

/**
 * Ends this process as SIGTERM would once the npm that runs it as one of these scripts has gone, even by
 * SIGKILL, which npm cannot hand on; under npx once its shell has gone, which npx ends in its place. A process
 * that was started in another way may outlive its parent.
 */
export function endWithNpm(scripts: readonly string[]): void {
  const { npm_lifecycle_event: script, npm_execpath: npm } = process.env;
  if (npm === undefined || script === undefined || ![...scripts, 'npx'].includes(script)) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    // An orphan is given to another process.
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, intervalMs);
  timer.unref();
}
