import { setTimeout } from 'node:timers/promises';
import { gone } from '../../../workers/testing/queue.ts';
import type { FaultRow } from '../fault-row.ts';
import { enginesOf, foundMs, locks, oneFault, type Scene } from './one-fault.ts';

/** Faults of the process that holds the locks. Bounds with a start in them leave room for a busy machine. */

/** The worker that has a request in hand, which takes two seconds. */
async function inTheMiddle({ accept, started, holder }: Scene) {
  const request = await accept();
  await started(request);
  return { request, worker: await holder() };
}

const prompt = 'stepMs=100';

export const workerFaults: readonly FaultRow[] = [
  {
    name: 'worker-killed',
    fault: 'worker killed in mid-step, another one there',
    boundMs: foundMs + 8000,
    ...{ prompt, workers: 2 },
    act: async (scene: Scene) => {
      const { worker } = await inTheMiddle(scene);
      const engines = enginesOf(worker);
      scene.fault();
      await worker.end('SIGKILL');
      for (const engine of engines) await gone(engine);
    },
  },
  {
    name: 'worker-restarted',
    fault: 'the only worker killed in mid-step and started again',
    boundMs: 30_000,
    prompt,
    act: async (scene: Scene) => {
      const { worker } = await inTheMiddle(scene);
      scene.fault();
      await worker.end('SIGKILL');
      await scene.addWorker();
    },
  },
  {
    name: 'worker-killed-thrice',
    fault: 'three workers in a row killed with the same request in hand',
    boundMs: 60_000,
    prompt,
    act: async (scene: Scene) => {
      const { request, worker } = await inTheMiddle(scene);
      scene.fault();
      await worker.end('SIGKILL');
      for (let attempt = 2; attempt <= 3; attempt++) {
        await scene.addWorker();
        await scene.started(request, attempt);
        await scene.workers.at(-1)!.end('SIGKILL');
      }
      await scene.addWorker();
    },
  },
  {
    name: 'worker-stopped',
    fault: 'worker stopped for longer than its lock lasts, then continued',
    boundMs: foundMs + 14_000,
    ...{ prompt, workers: 2 },
    act: async (scene: Scene) => {
      const { worker } = await inTheMiddle(scene);
      scene.fault();
      worker.signal('SIGSTOP');
      await setTimeout(2 * (locks.durationMs + locks.stalledMs));
      worker.signal('SIGCONT');
    },
  },
  {
    name: 'worker-told-to-end',
    fault: 'worker told to end (SIGTERM) in mid-step, and started again',
    boundMs: 30_000,
    prompt,
    act: async (scene: Scene) => {
      const { worker } = await inTheMiddle(scene);
      scene.fault();
      const code = await worker.end('SIGTERM');
      if (code !== 0) throw new Error(`the worker ended with code ${code}`);
      await scene.addWorker();
    },
  },
].map(oneFault);
