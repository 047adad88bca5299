import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { processIdentity, startTimeOf } from '../../../src/process/start-time.ts';

/** A data directory that belongs to this process and to the children that inherit `descriptor`. */
export interface DataLock {
  /** Open file whose flock(2) lasts until the last process that holds it has ended, however it ends. */
  readonly descriptor: number;
  release(): void;
}

/**
 * Locks the data directory, so that no two Redis servers ever write one append-only file. The kernel drops
 * the lock with its last holder: a SIGKILL leaves nothing stale behind. Children of a killed start still end
 * for some seconds: they are waited for.
 * @throws where another start is alive, naming its process.
 */
export async function lockDataDirectory(dataDir: string, patienceMs = 20_000): Promise<DataLock> {
  const file = path.join(dataDir, 'lock');
  const descriptor = openSync(file, 'a+', 0o600);
  const until = performance.now() + patienceMs;
  while (!tryLock(descriptor)) {
    const holder = readFileSync(file, 'utf8').trim();
    if (isAlive(holder) || performance.now() > until) {
      closeSync(descriptor);
      const who = isAlive(holder)
        ? `process ${Number.parseInt(holder, 10)}`
        : 'another process, perhaps in another container';
      throw new Error(`${dataDir} is in use by ${who}: stop it, or start with another DATA_DIR`);
    }
    await setTimeout(200);
  }
  ftruncateSync(descriptor);
  writeSync(descriptor, processIdentity(process.pid));
  return { descriptor, release: () => closeSync(descriptor) };
}

/** flock(1) locks the open file it inherits, and that lock stays with our descriptor when it exits. */
function tryLock(descriptor: number): boolean {
  const { status, error, stderr } = spawnSync('flock', ['-n', '3'], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
    encoding: 'utf8',
  });
  if (status === 0) return true;
  if (status === 1 && stderr === '') return false;
  throw new Error(
    `the data directory cannot be locked with flock (package util-linux): ${error?.message ?? stderr.trim()}`,
  );
}

/** Not one that was given the id of a start that has ended: its children still end, and are waited for. */
function isAlive(holder: string): boolean {
  const pid = Number.parseInt(holder, 10);
  return pid > 0 && pid !== process.pid && startTimeOf(pid) !== undefined && processIdentity(pid) === holder;
}
