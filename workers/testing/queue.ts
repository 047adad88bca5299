import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import type {
  GenerationRequest,
  ImageToImageRequest,
  TextToImageRequest,
} from '../../src/contract/generation.ts';
import type { RequestRecord } from '../../src/contract/request-record.ts';
import { request } from '../../src/contract/testing/requests.ts';
import type { Log } from '../../src/jobs/log.ts';
import { openEvents } from '../../src/jobs/records/events.ts';
import { readOutput } from '../../src/jobs/records/stored-pictures.ts';
import { defaultLifetimes } from '../../src/jobs/redis/names.ts';
import { log } from '../../src/jobs/testing/outputs.ts';
import { type TestQueue as JobQueue, openTestQueue as openJobQueue } from '../../src/jobs/testing/queue.ts';
import { boundToParent } from '../../src/process/bound-process.ts';

export const silentLog: Log = log;

/** For tests of processes: one that never comes up or never ends is a failure, not a hang. */
export const bounded = { timeout: 60_000 };

/** A request for the fake engine; its prompt steers it (see generator.ts). */
export function fakeRequest(prompt: string, steps = 20): TextToImageRequest {
  return {
    ...request,
    prompt,
    samples: 1,
    scheduler: 'Euler',
    steps,
    guidanceScale: 7,
    strength: 1,
    seed: 42,
    outputFormat: 'png',
    highNoiseFraction: 1,
    refiner: false,
  };
}

/** The same for the checkpoint of that name. */
export function fakeEdit(baseModel: string, prompt: string, steps = 20): ImageToImageRequest {
  const {
    style: _,
    highNoiseFraction: __,
    refiner: ___,
    width: ____,
    height: _____,
    ...common
  } = fakeRequest(prompt, steps);
  return { ...common, endpoint: 'sdxl-img2img', baseModel, imageKey: '' };
}

/** The queue of src/jobs' own tests, as a worker of another process is tested on it. */
export interface TestQueue extends Pick<JobQueue, 'redis' | 'producer' | 'close'>, AsyncDisposable {
  /** @param image of an image-to-image request; the fake engine takes any bytes. */
  submit(request: GenerationRequest, image?: Buffer): Promise<string>;
  /** Resolves once the worker has reported that many steps of the job since now. */
  stepsReported(id: string, count: number): Promise<void>;
  /** The record of the job once it has ended. */
  end(id: string): Promise<RequestRecord>;
  /** The first picture of a completed request, as base64. */
  picture(record: RequestRecord): Promise<string>;
}

export async function openTestQueue(lifetimes = defaultLifetimes): Promise<TestQueue> {
  const { redis, producer, close } = await openJobQueue([], lifetimes);
  const events = await openEvents(redis.url, () => undefined);
  const closeAll = async (): Promise<void> => {
    events.close();
    await close();
  };
  return {
    ...{ redis, producer, close: closeAll, [Symbol.asyncDispose]: closeAll },
    submit: async (request, image = Buffer.from('picture')) => {
      const id = randomUUID();
      const imageKey = await producer.storeInput(id, image);
      await producer.submit(
        id,
        'owner',
        request.endpoint === 'sdxl-img2img' ? { ...request, imageKey } : request,
      );
      return id;
    },
    stepsReported: (id, count) =>
      new Promise((resolve) => {
        let left = count;
        const unsubscribe = events.subscribe(id, (_, progress) => {
          if (progress === undefined || --left > 0) return;
          unsubscribe();
          resolve();
        });
      }),
    end: async (id) => {
      const record = await producer.waitFor(id, 60_000);
      if (record?.finishedAt === undefined) throw new Error(`request ${id} has not ended: ${record?.status}`);
      return record;
    },
    picture: async (record) => {
      const image = record.result?.images[0];
      if (image === undefined) throw new Error(`request ${record.id} is ${record.status}: ${record.error}`);
      const stored = await readOutput(producer.redis, image.path);
      if (stored === undefined) throw new Error(`no picture under ${image.path}`);
      return stored.bytes.toString('base64');
    },
  };
}

/** A worker of its own process with the fake engine; disposing of it kills it. */
export interface FakeWorker extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly enginePid: number;
  /** Exit code, or undefined where a signal ended it. */
  readonly ended: Promise<number | undefined>;
}

/** Resolves once it takes jobs. */
export async function startFakeWorker(
  redisUrl: string,
  lockDurationMs: number,
  stalledIntervalMs: number,
  environment: NodeJS.ProcessEnv = {},
): Promise<FakeWorker> {
  const child = spawn(
    ...boundToParent('KILL', process.execPath, [
      ...[path.join(import.meta.dirname, 'worker.ts'), String(lockDurationMs), String(stalledIntervalMs)],
    ]),
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, REDIS_URL: redisUrl, ...environment } },
  );
  const ended = once(child, 'exit').then(([code]) => (code as number | null) ?? undefined);
  let enginePid = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = JSON.parse(line) as { msg: string; enginePid?: number };
    enginePid = entry.enginePid ?? enginePid;
    if (entry.msg === 'worker takes jobs') break;
  }
  child.stdout.resume();
  return {
    ...{ process: child, enginePid, ended },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Whether a process with this id runs; a zombie nobody has waited for does not. */
export function isAlive(pid: number): boolean {
  try {
    // The state follows the command name, which is in parentheses.
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

/** Resolves once the process is gone. */
export async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await setTimeout(20);
}
