import { readConfigOrExit } from '../../src/config/config.ts';
import { redisPaths, requirePaths, signingPaths } from '../../src/config/require-paths.ts';
import { signingFilesOf } from '../../src/config/signing-files.ts';
import { requireSigning } from '../../src/images/content-credentials.ts';
import { redisAddressOf } from '../../src/jobs/redis/redis-address.ts';
import { serveMetrics } from '../../src/metrics/serve-metrics.ts';
import { workerMetrics } from '../../src/metrics/worker-metrics.ts';
import { endWithNpm } from '../../src/process/end-with-npm.ts';
import { createProcessLogger } from '../../src/process/logger.ts';
import { ownCommand } from '../../src/process/own-command.ts';
import { exitWith } from '../../src/process/report-failure.ts';
import { version } from '../../src/process/software.ts';
import { openTracing } from '../../src/tracing/tracing.ts';
import { chooseDevices } from './devices/choose-device.ts';
import { type DeviceWorkers, startDeviceWorkers } from './devices/device-workers.ts';
import { type HealthReport, reportHealth } from './health/health-file.ts';
import { runWorker, type WorkerOptions } from './run-worker.ts';

/**
 * Beyond this the process ends with its job in hand, which then counts as lost and is taken over after the
 * lock's time.
 */
const drainMs = 15_000;

/** What `node workers/worker.ts` is: configuration, signals and exit codes around `runWorker`. */
export async function workerProcess(
  options: Omit<WorkerOptions, 'config' | 'redisUrl' | 'log' | 'onHopeless'>,
): Promise<void> {
  const asSet = readConfigOrExit('worker');
  const redisUrl = redisAddressOf(asSet);
  if (redisUrl === undefined)
    exitWith(
      'worker',
      `REDIS_URL is not set: a worker needs the Redis of its gateway (${ownCommand('start')} runs a private one)`,
    );
  const log = createProcessLogger('worker', asSet.logLevel);

  const { metricsHost: host, metricsPort: port } = asSet;
  const metrics = port === undefined ? undefined : workerMetrics(version);
  const tracing = await openTracing('sdxl-worker', version);
  let workers: DeviceWorkers | undefined;
  let health: HealthReport | undefined;
  let ending = false;
  const end = async (code: number): Promise<void> => {
    if (ending) return;
    ending = true;
    setTimeout(() => {
      log.error({ drainMs }, 'worker did not drain in time');
      process.exit(1);
    }, drainMs).unref();
    await workers?.close();
    health?.stop();
    await tracing?.close();
    log.info('worker stopped');
    process.exit(code);
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      log.info({ signal }, 'worker stops');
      void end(0);
    });
  }

  endWithNpm(['worker']);
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => {
      log.fatal({ err: error }, 'worker ends after an error');
      void end(1);
    });

  try {
    requirePaths(asSet, ['modelsDir', 'safetyChecker', 'healthFile', ...signingPaths, ...redisPaths]);
    const signing = signingFilesOf(asSet);
    if (signing !== undefined) requireSigning(signing);
    // Once: what this process makes again, it makes on the same device.
    const { configs, leftOut } = await chooseDevices(asSet);
    for (const { device, deviceReason } of configs)
      if (deviceReason !== undefined) log.info({ device }, deviceReason);
    for (const problem of leftOut) log.warn(`DEVICES=all: left out: ${problem}`);
    // Before an engine loads, which may take minutes: a scraper sees that the worker is there.
    if (metrics && port !== undefined)
      log.info(`metrics at ${(await serveMetrics(metrics.registry, { host, port })).address}`);
    const report = reportHealth(asSet.healthFile, log);
    health = report;
    workers = await startDeviceWorkers({
      ...{ configs, log },
      run: (config, heard) => {
        const { device } = config;
        const own = configs.length === 1 ? log : log.child({ device });
        return runWorker({
          ...{ ...options, ...heard, config, redisUrl, metrics, tracing },
          log: own,
          health: report.of(device),
        });
      },
      onNone: (error) => {
        log.fatal({ err: error }, 'no engine can be started');
        void end(1);
      },
    });
    if (ending) await workers.close();
  } catch (error) {
    if (!ending) exitWith('worker', error);
  }
}
