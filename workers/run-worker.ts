import { randomBytes } from 'node:crypto';
import os from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { Config } from '../src/config.ts';
import { assertNoEviction, type Connection, connect, patientOptions } from '../src/jobs/connection.ts';
import { type Consumer, consume, type Generate } from '../src/jobs/consumer.ts';
import type { Log } from '../src/jobs/log.ts';
import { determinismOf, hashInstalled } from './determinism.ts';
import type { EngineOptions, EngineProcess } from './engine-process.ts';
import { type SupervisorOptions, superviseEngine } from './engine-supervisor.ts';
import { createPresence } from './presence.ts';

export interface WorkerOptions
  extends Omit<EngineOptions, 'config'>,
    Pick<SupervisorOptions, 'restartDelayMs' | 'maxRestarts'> {
  readonly config: Config;
  readonly redisUrl: string;
  readonly log: Log;
  /** See ConsumerOptions. */
  readonly lockDurationMs?: number;
  readonly stalledIntervalMs?: number;
  /** Requests stop being turned into pictures here for good, and a new worker is needed. */
  readonly onHopeless: (error: Error) => void;
}

export interface RunningWorker {
  readonly id: string;
  /** Process id of the present engine. */
  readonly enginePid: () => number;
  /** The job in hand, if any, waits again for another worker; then everything ends. */
  close(): Promise<void>;
}

/** How long a worker counts as live without an engine: about as long as replacing one takes on a fast disk. */
const engineGapMs = 10_000;

/**
 * Loads an engine, then takes jobs from the queue. This process holds the locks and never computes: network calls block their
 * thread, and a blocked thread cannot renew a lock.
 */
export async function runWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { config, redisUrl, log, lockDurationMs, stalledIntervalMs } = options;
  const id = `${os.hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  const redis = await connect(redisUrl, patientOptions(), (error) =>
    log.warn({ err: error }, 'Redis connection error'),
  );

  const presence = createPresence(redis, log);
  let engine: EngineProcess;
  let stopHashing: () => Promise<void> = async () => undefined;
  const onUp = (started: EngineProcess): void => {
    engine = started;
    const { pid, loadSeconds, capabilities } = started;
    log.info(
      { enginePid: pid, loadSeconds: Number(loadSeconds.toFixed(2)), ...capabilities },
      'engine ready',
    );
    presence.present({ id, device: config.device, ...capabilities });
  };
  const onDown = (how: string): void => {
    log.error({ enginePid: engine.pid, how }, 'engine ended');
    presence.absentIn(engineGapMs);
  };

  try {
    await assertNoEviction(redis);
    const supervisor = await superviseEngine({ ...options, onUp, onDown });
    const hashes = await hashInstalled(config, log);
    stopHashing = hashes.close;
    const generate: Generate = async (request, { id, signal, progress, inputImage }) => {
      const image = request.endpoint === 'sdxl-img2img' ? await inputImage() : undefined;
      log.info(
        { id, endpoint: request.endpoint, scheduler: request.scheduler, steps: request.steps },
        'job started',
      );
      const outcome = await supervisor.run(request, image, signal, progress);
      log.info({ id, inferenceSeconds: Number(outcome.inferenceSeconds.toFixed(2)) }, 'job done');
      return { ...outcome, determinism: determinismOf(request, outcome, config.device, hashes) };
    };
    const consumer: Consumer = await consume({
      redisUrl,
      generate,
      log,
      lifetimes: { retentionSeconds: config.resultTtlSeconds, deadlineSeconds: config.jobDeadlineSeconds },
      ...(lockDurationMs !== undefined && { lockDurationMs }),
      ...(stalledIntervalMs !== undefined && { stalledIntervalMs }),
    });
    return {
      id,
      enginePid: () => engine.pid,
      close: async () => {
        const away = new AbortController();
        const drained = Promise.all([presence.stop(), consumer.close()]);
        await Promise.race([drained, redisGone(redis, away.signal)]);
        away.abort();
        await stopHashing();
        await supervisor.close();
        redis.disconnect();
      },
    };
  } catch (error) {
    await stopHashing();
    await presence.stop();
    redis.disconnect();
    throw error;
  }
}

/** How long a draining worker waits for a Redis that is away; the job in hand then counts as lost and is taken over. */
const goneMs = 2000;

/** Resolves once Redis has been away for that long; looked at in that interval. */
async function redisGone(redis: Connection, stop: AbortSignal): Promise<void> {
  let away = false;
  for (;;) {
    await setTimeout(goneMs, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted || (away && redis.status !== 'ready')) return;
    away = redis.status !== 'ready';
  }
}
