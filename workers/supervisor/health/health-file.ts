import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { Log } from '../../../src/jobs/log.ts';

/**
 * loading: its first engine. without engine: the engine has ended and is being replaced. ready: it takes
 * jobs, or works on one.
 */
export type WorkerState = 'loading' | 'ready' | 'without engine';

/** How the worker of one device is. */
export interface DeviceHealth {
  state(): WorkerState;
  become(state: WorkerState): void;
}

export interface HealthReport {
  /** @param device of the worker; it counts as loading until it says something else. */
  of(device: string): DeviceHealth;
  /** Withdraws the file. */
  stop(): void;
}

/** Written this often; a file three times as old is a worker whose thread stands still or that was killed. */
const writeIntervalMs = 5000;
const staleMs = 3 * writeIntervalMs;

/** Keeps telling in a file how the workers of this process are; without a file it only remembers. */
export function reportHealth(file: string | undefined, log: Log): HealthReport {
  const states: Record<string, WorkerState> = {};
  const write = (): void => {
    if (file === undefined) return;
    try {
      writeFileSync(`${file}.new`, JSON.stringify({ states, pid: process.pid, at: monotonicMs() }));
      renameSync(`${file}.new`, file);
    } catch (error) {
      log.warn({ err: error, file }, 'health file cannot be written');
    }
  };
  write();
  const timer = setInterval(write, writeIntervalMs);
  timer.unref();
  return {
    of: (device) => {
      const become = (state: WorkerState): void => {
        states[device] = state;
        write();
      };
      become('loading');
      return { state: () => states[device]!, become };
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
 * @param what alive: a worker runs and its thread turns. ready: and an engine of it has checkpoints loaded.
 * @returns whether that is so, and one line for people.
 */
export function readHealth(
  file: string,
  what: 'alive' | 'ready',
  now = monotonicMs(),
): { ok: boolean; line: string } {
  let said: { states: Record<string, WorkerState>; pid: number; at: number };
  try {
    said = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { ok: false, line: `${file}: no worker has written here` };
  }
  const age = now - said.at;
  const states = Object.entries(said.states).map(([device, state]) => `${device} ${state}`);
  const line = `worker ${said.pid}: ${[...states, `${Math.round(age / 1000)} s ago`].join(', ')}`;
  const isReady = Object.values(said.states).includes('ready');
  return { ok: age >= 0 && age <= staleMs && (what === 'alive' || isReady), line };
}
