import { randomBytes } from 'node:crypto';
import os from 'node:os';
import type { Config } from '../../src/config/config.ts';
import type { ServedKnownWords } from '../../src/contract/known-words.ts';
import { routesOf } from '../../src/contract/routes.ts';
import type { UnservableModel } from '../../src/installation/installation.ts';
import { listKnownWords } from '../../src/installation/known-words.ts';
import type { Generate } from '../../src/jobs/generate.ts';
import type { Log } from '../../src/jobs/log.ts';
import { type Consumer, consume } from '../../src/jobs/queue/consumer.ts';
import { registerRoutes } from '../../src/jobs/queue/heartbeat.ts';
import { hearOrders, type WorkerOrder } from '../../src/jobs/queue/worker-control.ts';
import { assertNoEviction, connect, patientOptions } from '../../src/jobs/redis/connection.ts';
import type { RedisAddress } from '../../src/jobs/redis/redis-address.ts';
import { processIdentity } from '../../src/process/start-time.ts';
import { openResults, proveStore } from '../../src/results/open-results.ts';
import { lookOnDisk } from './checkpoints/look-on-disk.ts';
import { residentRoutes, withdrawnRoutes } from './checkpoints/served-routes.ts';
import { type WatchedAdapters, watchAdapters } from './checkpoints/watch-adapters.ts';
import { determinismOf, hashInstalled } from './determinism.ts';
import { readDeviceState, residentBytes } from './devices/device-state.ts';
import type { Loss } from './engines/engine-channel.ts';
import type { EngineOptions, EngineProcess } from './engines/engine-process.ts';
import {
  type EngineSupervisor,
  type SupervisorOptions,
  superviseEngine,
} from './engines/engine-supervisor.ts';
import { type Observers, observeRuns } from './engines/observe-runs.ts';
import { type DeviceHealth, reportHealth } from './health/health-file.ts';
import { createPresence } from './health/presence.ts';
import { redisGone } from './health/redis-gone.ts';
import { watchStore } from './health/watch-store.ts';

export interface WorkerOptions
  extends Omit<EngineOptions, 'config'>,
    Observers,
    Pick<SupervisorOptions, 'restartDelayMs' | 'maxRestarts' | 'withdrawMs'> {
  readonly config: Config;
  readonly redisUrl: RedisAddress;
  readonly log: Log;
  /** See ConsumerOptions. */
  readonly lockDurationMs?: number;
  readonly stalledIntervalMs?: number;
  /** Where this worker says how it is; by default in the file of its configuration. */
  readonly health?: DeviceHealth;
  /** An administrator wants the models folder looked at anew: this worker is to be closed and run again. */
  readonly onRescan?: () => void;
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

/**
 * How long a worker counts as live without an engine: about as long as replacing one takes on a fast disk.
 */
const engineGapMs = 10_000;

/**
 * Loads an engine, then takes jobs from the queues of its models. This process holds the locks and never
 * computes: network calls block their thread, and a blocked thread cannot renew a lock.
 */
export async function runWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { config, redisUrl, log, metrics, lockDurationMs, stalledIntervalMs } = options;
  const id = `${os.hostname()}-${processIdentity(process.pid)}-${randomBytes(3).toString('hex')}`;
  const redis = await connect(redisUrl, patientOptions(), (error) =>
    log.warn({ err: error }, 'Redis connection error'),
  );

  const presence = createPresence(redis, log);
  const { device } = config;
  const report = options.health === undefined ? reportHealth(config.healthFile, log) : undefined;
  const health = options.health ?? report!.of(device);
  let engine: EngineProcess | undefined;
  let supervisor: EngineSupervisor | undefined;
  let consumer: Consumer | undefined;
  /** The request that the engine works on. */
  let inHand: string | undefined;
  let knownWords: readonly ServedKnownWords[] = [];
  let unservable: readonly UnservableModel[] = [];
  let adapters: WatchedAdapters | undefined;
  let leaving = false;
  let stopHashing: () => Promise<void> = async () => undefined;
  let wake: () => void = () => undefined;
  const withdraw = (): void => {
    health.become('without engine');
    report?.stop();
  };
  const announce = (): void => {
    if (leaving || supervisor === undefined || health.state() !== 'ready') return;
    const { models, ...capabilities } = supervisor.offered();
    const resident = [...residentRoutes(supervisor)];
    const loaded = supervisor.resident();
    presence.present({
      id,
      device,
      ...(config.deviceReason !== undefined && { deviceReason: config.deviceReason }),
      ...capabilities,
      resident,
      busy: inHand !== undefined,
      knownWords,
      models: models.map((model) => ({ ...model, loaded: loaded.has(model.name) })),
      unservable,
      memory: engine?.memory(),
      ...adapters?.folders(),
      ...(inHand !== undefined && { request: inHand }),
    });
  };
  const onUp = (started: EngineProcess): void => {
    engine = started;
    const { pid, loadSeconds } = started;
    const [resident, memory] = [[...started.resident()], started.memory()];
    log.info(
      { enginePid: pid, loadSeconds: Number(loadSeconds.toFixed(2)), resident, memory },
      'engine ready',
    );
    metrics?.engineStarted(device, loadSeconds);
    health.become('ready');
    announce();
    wake();
  };
  const onDown = ({ hung }: Loss): void => {
    metrics?.engineLost(device, hung ? 'hung' : 'crashed');
    health.become('without engine');
    // Nothing has been done here for a while.
    presence.absentIn(hung ? 0 : engineGapMs);
  };

  metrics?.watch(device, {
    ready: () => health.state() === 'ready',
    busy: () => inHand !== undefined,
    models: () =>
      supervisor?.capabilities.models.map(({ name }) => ({
        name,
        loaded: supervisor?.resident().has(name) === true,
      })) ?? [],
    engineBytes: () => (engine === undefined ? undefined : residentBytes(engine.pid)),
    device: () => readDeviceState(device),
  });
  const given = openResults(config);
  const results = given && watchStore(given, log, () => wake());
  try {
    await assertNoEviction(redis);
    if (given) await proveStore(given);
    const onDisk = await lookOnDisk(config, log);
    unservable = onDisk.unservable;
    await registerRoutes(redis, onDisk.routes);
    if (config.modelsDir !== undefined)
      knownWords = await listKnownWords(config.modelsDir, config.serveModels).catch((error) => {
        log.warn({ err: error }, 'what the models know cannot be told');
        return [];
      });
    adapters = await watchAdapters(config.modelsDir, log, announce);
    const started = await superviseEngine({ ...options, onUp, onDown, onResidency: announce });
    supervisor = started;
    const routes = routesOf(started.capabilities);
    log.info({ routes, models: started.capabilities.models }, 'models served');
    announce();
    const hashes = await hashInstalled(config, log);
    stopHashing = hashes.close;
    const observed = observeRuns(options, device);
    const generate: Generate = async (request, { id, signal, progress, inputImage, computed }) => {
      inHand = id;
      announce();
      try {
        const input = request.endpoint === 'sdxl-img2img' ? await inputImage() : undefined;
        const { endpoint, scheduler, steps, origin = {} } = request;
        log.info({ id, endpoint, scheduler, steps, ...origin }, 'job started');
        const outcome = await observed.run({ id, request, progress }, (progress) =>
          started.run(request, { inputImage: input, signal, progress, computed }),
        );
        log.info({ id, inferenceSeconds: Number(outcome.inferenceSeconds.toFixed(2)) }, 'job done');
        return { ...outcome, determinism: await determinismOf(request, outcome, config, hashes, adapters) };
      } finally {
        // The next may have begun.
        if (inHand === id) inHand = undefined;
        announce();
      }
    };
    const taking = await consume({
      ...{ redisUrl, results: results?.store },
      routes,
      residency: {
        workerId: id,
        swapAfterMs: config.swapAfterSeconds * 1000,
        isReady: () => health.state() === 'ready' && results?.isUsable() !== false,
        resident: () => residentRoutes(started),
        withdrawn: () => withdrawnRoutes(started),
        residentForMs: started.residentForMs,
      },
      generate,
      log,
      observer: observed.observer,
      lifetimes: { retentionSeconds: config.resultTtlSeconds, deadlineSeconds: config.jobDeadlineSeconds },
      ...(lockDurationMs !== undefined && { lockDurationMs }),
      ...(stalledIntervalMs !== undefined && { stalledIntervalMs }),
    });
    consumer = taking;
    wake = taking.wake;
    const orders = await hearOrders(
      redisUrl,
      (order) => obey(order, started, options),
      (error) => log.warn({ err: error }, 'Redis connection error'),
    );
    return {
      id,
      enginePid: () => engine!.pid,
      close: async () => {
        leaving = true;
        adapters?.close();
        results?.stop();
        orders.close();
        const away = new AbortController();
        const drained = Promise.all([presence.stop(), taking.close()]);
        await Promise.race([drained, redisGone(redis, away.signal)]);
        away.abort();
        await stopHashing();
        await started.close();
        withdraw();
        redis.disconnect();
      },
    };
  } catch (error) {
    // Another device's worker in this process goes on, and this device is tried again.
    leaving = true;
    adapters?.close();
    results?.stop();
    await consumer?.close();
    await stopHashing();
    await supervisor?.close();
    withdraw();
    await presence.stop();
    redis.disconnect();
    throw error;
  }
}

/** Does what an administrator asks, where it concerns this worker. */
function obey(order: WorkerOrder, supervisor: EngineSupervisor, { log, onRescan }: WorkerOptions): void {
  log.info({ order }, 'order of an administrator');
  if (order.act === 'rescan') {
    onRescan?.();
    return;
  }
  const model = supervisor.capabilities.models.find(({ serves }) => serves.includes(order.model));
  if (model === undefined) return;
  supervisor.hold(model.name, order.act === 'load').catch((error: unknown) => {
    log.error({ err: error, order }, 'order could not be followed');
  });
}
