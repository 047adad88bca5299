import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Log } from '../../src/jobs/log.ts';

/**
 * loading: its first engine. without engine: the engine has ended and is being replaced. ready: it takes
 * jobs, or works on one.
 */
export type WorkerState = 'loading' | 'ready' | 'without engine';

export interface HealthReport {
  state(): WorkerState;
  become(state: WorkerState): void;
  /** Withdraws the file. */
  stop(): void;
}

/** Written this often; a file three times as old is a worker whose thread stands still or that was killed. */
const writeIntervalMs = 5000;
const staleMs = 3 * writeIntervalMs;

/** Keeps telling in a file how this worker is; without a file it only remembers. */
export function reportHealth(file: string | undefined, log: Log): HealthReport {
  let state: WorkerState = 'loading';
  const write = (): void => {
    if (file === undefined) return;
    try {
      writeFileSync(`${file}.new`, JSON.stringify({ state, pid: process.pid, at: monotonicMs() }));
      renameSync(`${file}.new`, file);
    } catch (error) {
      log.warn({ err: error, file }, 'health file cannot be written');
    }
  };
  write();
  const timer = setInterval(write, writeIntervalMs);
  timer.unref();
  return {
    state: () => state,
    become: (next) => {
      state = next;
      write();
    },
    stop: () => {
      clearInterval(timer);
      if (file !== undefined) rmSync(file, { force: true });
    },
  };
}

/** Since the machine's start, the same for all its processes, whatever is done to its clock. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/**
 * What a health file says.
 * @param what alive: a worker runs and its thread turns. ready: and its engine has checkpoints loaded.
 * @returns whether that is so, and one line for people.
 */
export function readHealth(
  file: string,
  what: 'alive' | 'ready',
  now = monotonicMs(),
): { ok: boolean; line: string } {
  let said: { state: WorkerState; pid: number; at: number };
  try {
    said = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { ok: false, line: `${file}: no worker has written here` };
  }
  const age = now - said.at;
  const line = `worker ${said.pid}: ${said.state}, ${Math.round(age / 1000)} s ago`;
  return { ok: age >= 0 && age <= staleMs && (what === 'alive' || said.state === 'ready'), line };
}
