import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { liveWorkers } from '../../../src/jobs/queue/heartbeat.ts';
import { isAlive } from '../../../workers/testing/queue.ts';
import { allEnded, judge, type Submitted, spent, submit, undisturbed } from '../client.ts';
import type { FaultRow, Trial } from '../fault-row.ts';
import { type FaultService, type ServiceProcess, startFaultService } from '../service.ts';

/** What a worker's or an engine's fault is made in. */
export interface Scene {
  readonly service: FaultService;
  readonly gateway: ServiceProcess;
  readonly workers: ServiceProcess[];
  addWorker(): Promise<void>;
  /** Submits a request that must complete. */
  accept(): Promise<Submitted>;
  /** Submits one that must fail for that reason. */
  acceptBad(prompt: string, failure: RegExp): Promise<Submitted>;
  /** Resolves once it is worked on, for the first time or as that attempt. */
  started(request: Submitted, attempt?: number): Promise<void>;
  /** The worker that has a job in hand, once one has. */
  holder(): Promise<ServiceProcess>;
  /** The fault happens now. */
  fault(): void;
}

export interface OneFault {
  readonly name: string;
  readonly fault: string;
  readonly boundMs: number;
  readonly workers?: number;
  readonly environment?: NodeJS.ProcessEnv;
  /** Steers the requests that must complete, see workers/testing/generator.ts. */
  readonly prompt?: string;
  act(scene: Scene): Promise<void>;
}

/** Of the workers' locks and of their search for lost jobs: what production does in 15 and 5 s. */
export const locks = { durationMs: 1000, stalledMs: 500 };
/** A dead worker's job is found within that. */
export const foundMs = locks.durationMs + locks.stalledMs + 1000;

/** A fault that is made once in each trial, with few requests under way. */
export function oneFault(row: OneFault): FaultRow {
  const { name, fault, boundMs } = row;
  return { name, fault, boundMs, times: { full: 10, quick: 1 }, trial: () => trialOf(row) };
}

const seeds = [1, 2, 3, 4];

async function trialOf(row: OneFault): Promise<Trial> {
  const { workers: count = 1, environment = {}, prompt = 'stepMs=20', act } = row;
  await using service = await startFaultService([], locks);
  const [gateway, ...workers] = await Promise.all([
    service.gateway(),
    ...Array.from({ length: count }, () => service.worker(environment)),
  ]);
  const request = (seed: number, text = prompt) => ({
    ...{ prompt: text, seed, num_inference_steps: 20, scheduler: 'Euler', refiner: false },
    output_format: 'png',
  });
  const pictures = await undisturbed(service, gateway.url, seeds, request);
  const earlier = await spent(service);
  const requests: Submitted[] = [];
  let faultAt = Number.NaN;
  const send = async (body: ReturnType<typeof request>): Promise<Submitted> => {
    const made = await submit(() => gateway.url, service.key, body);
    requests.push(made);
    return made;
  };
  const accept = () => send(request(seeds[requests.length % seeds.length]!));
  await act({
    ...{ service, gateway, workers, accept },
    addWorker: async () => {
      workers.push(await service.worker(environment));
    },
    acceptBad: async (text, failure) => Object.assign(await send(request(1, text)), { failure }),
    started: (made, attempt = 1) => untilStarted(service, made, attempt),
    holder: () => holderOf(service, workers),
    fault: () => {
      faultAt = performance.now();
    },
  });
  await accept();
  await allEnded(service, requests, 60_000);
  const recoveryMs = performance.now() - faultAt;
  const trial = await judge(service, gateway.url, requests, pictures, earlier);
  return { ...trial, recoveryMs };
}

async function untilStarted({ direct }: FaultService, { id }: Submitted, attempt: number): Promise<void> {
  for (;;) {
    const key = `{sdxl}:request:${id}`;
    const [startedAt, attempts, finishedAt] = await direct.hmget(key, 'startedAt', 'attempts', 'finishedAt');
    if (finishedAt) throw new Error(`${id} has ended before the fault`);
    if (startedAt && Number(attempts) >= attempt) return;
    await setTimeout(10);
  }
}

async function holderOf(
  { direct }: FaultService,
  workers: readonly ServiceProcess[],
): Promise<ServiceProcess> {
  for (;;) {
    const busy = (await liveWorkers(direct)).filter((worker) => worker.busy);
    const holder = workers.find(({ pid }) => busy.some(({ id }) => id.includes(`-${pid}-`)));
    if (holder !== undefined) return holder;
    await setTimeout(10);
  }
}

/** Process ids of a worker's engines that run now, from /proc. */
export function enginesOf({ pid }: ServiceProcess): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return children.split(' ').map(Number).filter(isEngine);
  } catch {
    return [];
  }
}

function isEngine(pid: number): boolean {
  try {
    return isAlive(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('engine.ts');
  } catch {
    return false;
  }
}
