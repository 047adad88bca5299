import { setTimeout } from 'node:timers/promises';
import { killIfThere } from '../../../../src/testing/kill-if-there.ts';
import type { FaultService, ServiceProcess } from '../../service.ts';
import { enginesOf } from '../one-fault.ts';

/** Processes of every kind, each of which is started again a moment after it was killed. */
export interface Population extends AsyncDisposable {
  /** Of one of the gateways, in turn. */
  gatewayUrl(): string;
  /** Kills one of them, whichever it is. */
  killOne(): Promise<void>;
  /** How many of each kind were killed. */
  kills(): string;
}

const gatewayCount = 2;
const workerCount = 3;
/** As long as who looks after processes takes to see that one has gone. */
const restartMs = 500;

export async function startPopulation(
  service: FaultService,
  environment: NodeJS.ProcessEnv,
): Promise<Population> {
  const startGateway = () => service.gateway(environment);
  const startWorker = () => service.worker();
  const gateways = await Promise.all(Array.from({ length: gatewayCount }, startGateway));
  const workers = await Promise.all(Array.from({ length: workerCount }, startWorker));
  const killed = { gateway: 0, worker: 0, engine: 0, Redis: 0 };
  const restarts = new Set<Promise<void>>();
  /** Killed, and not replaced yet. */
  const leaving = new Set<ServiceProcess>();
  let turn = 0;
  let failedStarts = 0;

  const replace = async (
    among: ServiceProcess[],
    index: number,
    start: () => Promise<ServiceProcess>,
  ): Promise<void> => {
    const old = among[index]!;
    if (leaving.has(old)) return;
    leaving.add(old);
    await old.end('SIGKILL');
    const restart = untilStarted(start).then((started) => {
      among[index] = started;
      leaving.delete(old);
      restarts.delete(restart);
    });
    restarts.add(restart);
  };
  /** A start ends where Redis is away for too long, and is begun again as by who looks after processes. */
  const untilStarted = async (start: () => Promise<ServiceProcess>): Promise<ServiceProcess> => {
    for (;;) {
      await setTimeout(restartMs);
      try {
        return await start();
      } catch {
        failedStarts += 1;
      }
    }
  };
  const any = (length: number) => Math.floor(Math.random() * length);
  const acts: Readonly<Record<keyof typeof killed, () => Promise<void>>> = {
    gateway: () => replace(gateways, any(gateways.length), startGateway),
    worker: () => replace(workers, any(workers.length), startWorker),
    engine: async () => {
      const [engine] = enginesOf(workers[any(workers.length)]!);
      if (engine !== undefined) killIfThere(engine);
    },
    Redis: async () => {
      await service.redis.stop('SIGKILL');
      await setTimeout(restartMs);
      await service.redis.start();
    },
  };
  const kinds = Object.keys(acts) as (keyof typeof killed)[];
  return {
    gatewayUrl: () => gateways[turn++ % gateways.length]!.url,
    killOne: async () => {
      const kind = kinds[any(kinds.length)]!;
      killed[kind] += 1;
      await acts[kind]();
    },
    kills: () => {
      const sum = Object.values(killed).reduce((all, each) => all + each, 0);
      const parts = Object.entries(killed).map(([kind, count]) => `${count} ${kind}`);
      return `${sum} kills (${parts.join(', ')}), ${failedStarts} starts that failed and were begun again`;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.allSettled(restarts);
    },
  };
}
