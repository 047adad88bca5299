import os from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { type Config, isLoopback, localUrl, withVariables } from '../../../src/config/config.ts';
import { redisPaths, requirePaths, signingPaths } from '../../../src/config/require-paths.ts';
import { signingFilesOf } from '../../../src/config/signing-files.ts';
import { requireSigning } from '../../../src/images/content-credentials.ts';
import { ensureFirstKey } from '../../../src/jobs/keys/api-keys.ts';
import { liveWorkers } from '../../../src/jobs/queue/heartbeat.ts';
import {
  assertNoEviction,
  type Connection,
  connect,
  failFastOptions,
} from '../../../src/jobs/redis/connection.ts';
import { redisAddressOf } from '../../../src/jobs/redis/redis-address.ts';
import { isUnavailable } from '../../../src/jobs/redis/unavailable.ts';
import { moduleFile } from '../../../src/process/module-file.ts';
import { processIdentity } from '../../../src/process/start-time.ts';
import { makeFolder } from '../../../src/process/usable-path.ts';
import { assertPortFree } from './assert-port-free.ts';
import { lockDataDirectory } from './data-lock.ts';
import { type DefaultModels, defaultModels } from './demo-models.ts';
import { type ChildDescription, type KeptChild, keepRunning } from './kept-child.ts';
import { createPageLink } from './page-link.ts';
import { checkAppendOnlyFiles, markUsed } from './redis/append-only-files.ts';
import { findRedis } from './redis/find-redis.ts';
import { redisChild } from './redis/redis-child.ts';
import { startWatchdog } from './watchdog.ts';

export interface LaunchOptions {
  readonly config: Config;
  /** For people: what happens, and the children's output. */
  readonly say: (line: string) => void;
  /** Arguments of node for the worker: its file and what it takes. */
  readonly worker: readonly string[];
  /** Where the demo checkpoint lies if not where it ships. */
  readonly demoModels?: string | undefined;
}

export interface Launched {
  /** Made by this start, the first on its Redis; undefined when there are keys already. */
  readonly firstKey: string | undefined;
  /** Opens the page signed in, once; undefined where no key is asked for or other machines may come. */
  readonly pageLink: string | undefined;
  /** What stands behind every model name; undefined where MODELS_DIR says so. */
  readonly models: DefaultModels | undefined;
  /** Gives the job in hand back to the queue, ends the children in order, and frees the data directory. */
  stop(): Promise<void>;
  /** Ends the children at once. */
  kill(): void;
}

/** How long each child may take to end by itself, a little more than it allows itself. */
const patienceMs = { gateway: 12_000, worker: 18_000, redis: 10_000 };
/** The private Redis reads its append-only file before it answers; somebody else's is up or it is not. */
const redisAnswerMs = { private: 120_000, given: 10_000 };
/** Nobody waits behind a start: a disk that keeps Redis for seconds is no reason to give it up. */
const commandMs = 10_000;

/**
 * Brings up Redis (unless REDIS_URL names one), the gateway and one worker, and resolves once a request would
 * be served.
 * @throws Error with one clear line, everything started already ended again.
 */
export async function launch(options: LaunchOptions, cancelled: AbortSignal): Promise<Launched> {
  const { config, say } = options;
  makeFolder('DATA_DIR', config.dataDir, 0o700);
  requirePaths(config, [
    'modelsDir',
    'safetyChecker',
    'contentDenyList',
    'healthFile',
    ...signingPaths,
    ...redisPaths,
  ]);
  const signing = signingFilesOf(config);
  if (signing !== undefined) requireSigning(signing);
  const lock = await lockDataDirectory(config.dataDir);
  const children: { child: KeptChild; patienceMs: number }[] = [];
  const endings: (() => Promise<void> | void)[] = [lock.release];
  const stop = async (): Promise<void> => {
    // Redis is the first child and the last to end: the worker gives its job back before.
    const [redis, others] =
      config.redisUrl === undefined ? [children[0], children.slice(1)] : [undefined, children];
    await Promise.all(others.map(({ child, patienceMs }) => child.stop(patienceMs)));
    await redis?.child.stop(redis.patienceMs);
    for (const end of endings.reverse()) await end();
  };

  let ready = false;
  const early = Promise.withResolvers<never>();
  // Whoever awaits it next gets the reason; until then it is no unhandled rejection.
  early.promise.catch(() => undefined);
  cancelled.addEventListener('abort', () => early.reject(new Error('stopped before everything was up')));
  const watchdog = startWatchdog();
  const pids = new Map<string, number>();
  const keep = (
    name: keyof typeof patienceMs,
    description: Omit<ChildDescription, 'lockDescriptor' | 'name'>,
  ): void => {
    const child = keepRunning(
      { ...description, name, lockDescriptor: lock.descriptor },
      {
        onLine: say,
        onStart: (pid) => {
          pids.set(name, pid);
          watchdog.watch(pid);
        },
        onEnd: (how) => {
          if (ready) say(`${name} ended (${how}) and is started again`);
          else early.reject(new Error(`the ${name} ended (${how}), see its output above`));
          return ready;
        },
      },
    );
    children.push({ child, patienceMs: patienceMs[name] });
  };

  const bringUp = async (): Promise<Launched> => {
    await assertPortFree(config.host, config.port);
    if (config.metricsPort !== undefined) await assertPortFree(config.metricsHost, config.metricsPort);
    const models =
      config.modelsDir === undefined ? await defaultModels(config.dataDir, options.demoModels) : undefined;
    let redisAddress = redisAddressOf(config);
    if (redisAddress === undefined) {
      checkAppendOnlyFiles(config.dataDir, say);
      const redis = await redisChild(await findRedis(config.dataDir, say), config.dataDir);
      endings.push(redis.removeSocket);
      keep('redis', redis.child);
      redisAddress = { url: redis.url };
    }
    const answerMs = redisAnswerMs[config.redisUrl ? 'given' : 'private'];
    const connection = await Promise.race([
      connect(redisAddress, failFastOptions(commandMs), () => undefined, answerMs),
      early.promise,
    ]);
    endings.push(() => connection.disconnect());
    await assertNoEviction(connection);

    const modelsDir = config.modelsDir ?? models?.modelsDir;
    const env = withVariables(process.env, {
      REDIS_URL: redisAddress.url,
      DATA_DIR: config.dataDir,
      MODELS_DIR: modelsDir,
    });
    const gateway = moduleFile(import.meta.url, '../../../src/gateway/server.ts');
    keep('gateway', { command: process.execPath, args: [gateway], env });
    // Two processes of this machine cannot listen on one port.
    const { metricsPort } = config;
    const workerEnv =
      metricsPort === undefined ? env : withVariables(env, { METRICS_PORT: String(metricsPort + 1) });
    keep('worker', { command: process.execPath, args: options.worker, env: workerEnv });
    await Promise.race([served(config, connection, () => pids.get('worker'), cancelled), early.promise]);
    const firstKey = config.auth ? await ensureFirstKey(connection) : undefined;
    const pageLink =
      config.auth && isLoopback(config.host)
        ? await createPageLink(connection, config.dataDir, localUrl(config))
        : undefined;
    if (config.redisUrl === undefined) markUsed(config.dataDir);
    ready = true;
    return {
      firstKey,
      pageLink,
      models,
      stop,
      kill: () => {
        for (const { child } of children) child.kill();
      },
    };
  };
  try {
    return await bringUp();
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Resolves once this start's own worker takes jobs and the gateway says that a request would be worked on.
 */
async function served(
  { host, port }: Config,
  redis: Connection,
  workerPid: () => number | undefined,
  cancelled: AbortSignal,
): Promise<void> {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const url = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}/readyz`;
  while (!cancelled.aborted) {
    await setTimeout(100);
    const pid = workerPid();
    if (pid === undefined) continue;
    // Another container of this name may have had a worker of this id a moment ago.
    const prefix = `${os.hostname()}-${processIdentity(pid)}-`;
    const workers = await unlessAway(liveWorkers(redis), []);
    if (!workers.some(({ id }) => id.startsWith(prefix))) continue;
    const answer = await fetch(url).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
  }
}

/** What Redis says, or something else while it is away. */
async function unlessAway<Said>(saying: Promise<Said>, otherwise: Said): Promise<Said> {
  try {
    return await saying;
  } catch (error) {
    if (isUnavailable(error)) return otherwise;
    throw error;
  }
}
