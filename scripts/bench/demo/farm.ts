import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export interface FarmOptions {
  readonly modelsDir: string;
  /** Side by side: one thread each gives more pictures a second than one process with two threads. */
  readonly processes: number;
  /** Of each process. */
  readonly threads: number;
}

/**
 * Hands jobs to several processes of a script of this folder, which calls `serveJobs`; an outcome is given
 * away as soon as it is there.
 * @throws Error where a process ends early.
 */
export async function runInProcesses<Job extends object, Outcome>(
  script: string,
  jobs: readonly Job[],
  { modelsDir, processes, threads }: FarmOptions,
  onOutcome: (outcome: Outcome, job: Job) => Promise<void>,
): Promise<void> {
  const waiting = [...jobs];
  const work = async (): Promise<void> => {
    const child = fork(path.join(import.meta.dirname, script), [modelsDir, String(threads)]);
    const ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`a process of ${script} ended (${signal ?? `exit code ${code}`})`);
    });
    ended.catch(() => undefined);
    const message = () => Promise.race([once(child, 'message'), ended]);
    try {
      await message();
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
        child.send(job);
        const [outcome] = await message();
        await onOutcome(outcome as Outcome, job);
      }
    } finally {
      if (child.connected) child.disconnect();
    }
  };
  await Promise.all(Array.from({ length: Math.min(processes, jobs.length) }, work));
}

/**
 * The other end: says that it is ready, then turns jobs into outcomes, one at a time, until the parent has
 * gone.
 */
export function serveJobs<Job, Outcome>(work: (job: Job) => Promise<Outcome>): void {
  process.on('message', async (job: Job) => {
    process.send!(await work(job));
  });
  process.on('disconnect', () => process.exit(0));
  process.send!('ready');
}
