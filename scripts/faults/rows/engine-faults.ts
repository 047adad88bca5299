import { setTimeout } from 'node:timers/promises';
import { liveWorkers } from '../../../src/jobs/queue/heartbeat.ts';
import { gone } from '../../../workers/testing/queue.ts';
import type { FaultRow } from '../fault-row.ts';
import { enginesOf, type OneFault, oneFault, type Scene } from './one-fault.ts';

/**
 * Faults of the process that computes. Its silence is noticed after 1 to 5 s here, 30 s and more by default;
 * on a busy machine an engine takes some of that to start.
 */
const environment = { ENGINE_SILENCE_MIN_SECONDS: '1', ENGINE_SILENCE_MAX_SECONDS: '5' };

const struck = (name: string, fault: string, boundMs: number, signal: NodeJS.Signals): OneFault => ({
  ...{ name, fault, boundMs, environment },
  act: async ({ accept, started, workers, fault }) => {
    const request = await accept();
    const [engine] = enginesOf(workers[0]!);
    await started(request);
    fault();
    process.kill(engine!, signal);
    await gone(engine!);
  },
});

/** A request that every engine hangs in, and others behind it. */
const hung = (name: string, fault: string, word: string): OneFault => ({
  ...{ name, fault, boundMs: 30_000, environment },
  act: (scene) => poison(scene, `${word}=3`, /without a sign of life/),
});

async function poison({ accept, acceptBad, started, fault }: Scene, prompt: string, failure: RegExp) {
  const request = await acceptBad(prompt, failure);
  await started(request);
  fault();
  await Promise.all([accept(), accept(), accept()]);
}

export const engineFaults: readonly FaultRow[] = [
  struck('engine-killed', 'engine killed (SIGKILL) in mid-step', 10_000, 'SIGKILL'),
  struck('engine-aborted', 'engine aborts (SIGABRT) in mid-step', 10_000, 'SIGABRT'),
  struck('engine-stopped', 'engine stopped (SIGSTOP) in mid-step', 20_000, 'SIGSTOP'),
  {
    name: 'engine-stopped-idle',
    fault: 'engine stopped while it has nothing to do',
    boundMs: 20_000,
    environment,
    act: async ({ service, workers, fault }: Scene) => {
      const [engine] = enginesOf(workers[0]!);
      fault();
      process.kill(engine!, 'SIGSTOP');
      // Its worker is not there for the gateways until another engine is.
      while ((await liveWorkers(service.direct)).length > 0) await setTimeout(10);
      await gone(engine!);
    },
  },
  {
    name: 'engine-stopped-loading',
    fault: 'engine killed, and the next one stopped while it loads',
    boundMs: 30_000,
    environment: { ...environment, FAKE_LOAD_MS: '300' },
    act: async ({ workers, fault }: Scene) => {
      const [engine] = enginesOf(workers[0]!);
      fault();
      process.kill(engine!, 'SIGKILL');
      let next: number | undefined;
      while (next === undefined) {
        await setTimeout(5);
        next = enginesOf(workers[0]!).find((pid) => pid !== engine);
      }
      process.kill(next, 'SIGSTOP');
    },
  },
  hung('engine-loops', 'request that computes for ever in every engine', 'loopAt'),
  hung('engine-hangs', 'request that hangs in native code in every engine', 'hangAt'),
  hung('engine-waits', 'request that never gets its next step in any engine', 'waitAt'),
  {
    name: 'engine-poison',
    fault: 'request that kills every engine',
    boundMs: 15_000,
    act: (scene: Scene) => poison(scene, 'crashAt=3', /The engine ended \(signal SIGKILL\)/),
  },
  {
    name: 'device-fails',
    fault: 'request under which the device fails, whatever the engine',
    boundMs: 15_000,
    act: (scene: Scene) => poison(scene, 'stepMs=50 deviceAt=3', /The device failed/),
  },
  {
    name: 'thread-blocked',
    fault: "engine's thread stands still for longer than the lock lasts",
    boundMs: 12_000,
    act: async ({ acceptBad, started, fault }: Scene) => {
      const request = await acceptBad('stepMs=2500 failAt=2', /the latents after step 2 hold NaN/);
      await started(request);
      fault();
    },
  },
].map(oneFault);
