import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../config/config.ts';
import { openProducer, type Producer } from '../jobs/producer.ts';
import { liveWorkers } from '../jobs/queue/heartbeat.ts';
import { readQueueState } from '../jobs/queue/queue-state.ts';
import { readMemory } from '../jobs/redis/memory.ts';
import type { RedisAddress } from '../jobs/redis/redis-address.ts';
import { watchEviction } from '../jobs/redis/watch-eviction.ts';
import { noObserver } from '../jobs/request-observer.ts';
import { type GatewayMetrics, gatewayMetrics } from '../metrics/gateway-metrics.ts';
import { type ServedMetrics, serveMetrics } from '../metrics/serve-metrics.ts';
import { version } from '../process/software.ts';
import { openResults, proveStore } from '../results/open-results.ts';
import { openTracing } from '../tracing/tracing.ts';
import { buildApp } from './app.ts';
import { type Gateway, type GatewaySettings, gatewayLimits } from './gateway.ts';
import { createImageFetcher } from './outbound/fetch-image.ts';
import { openWebhooks, type Webhooks } from './outbound/webhooks.ts';
import { pageFiles } from './page/page-files.ts';
import { readContentPolicy } from './submit/content-policy.ts';
import { createPromptCheck } from './submit/prompt-check.ts';

export interface RunningGateway {
  /** Where it listens, as a URL. */
  readonly address: string;
  /** Takes no further requests, answers those it has, ends. */
  close(): Promise<void>;
}

/** How long a fetched input picture may take from name to last byte. */
const fetchTimeoutMs = 10_000;

/** @throws when Redis does not answer or would evict jobs, or the address is taken. */
export async function runGateway(
  config: Config,
  redisUrl: RedisAddress,
  logger: FastifyBaseLogger,
): Promise<RunningGateway> {
  const settings: GatewaySettings = { ...config, ...gatewayLimits };
  const metrics = config.metricsPort === undefined ? undefined : gatewayMetrics(version);
  const tracing = await openTracing('sdxl-gateway', version);
  const results = openResults(config);
  if (results) await proveStore(results);
  const producer = await openProducer({
    ...{ redisUrl, results },
    log: logger,
    ...(metrics && { observer: { ...noObserver, failed: metrics.failed } }),
    lifetimes: { retentionSeconds: config.resultTtlSeconds, deadlineSeconds: config.jobDeadlineSeconds },
  });
  const fetchImage = createImageFetcher({
    timeoutMs: fetchTimeoutMs,
    maxBytes: settings.imageBodyLimit,
    allowedHosts: config.imageUrlAllow,
  });
  let webhooks: Webhooks | undefined;
  let served: ServedMetrics | undefined;
  const closeParts = async (): Promise<void> => {
    await served?.close();
    await tracing?.close();
    await webhooks?.close().catch(() => undefined);
    await Promise.allSettled([fetchImage.close(), producer.close()]);
  };
  try {
    const prompts = await createPromptCheck(config.promptMaxChunks);
    const contentRefusal = await readContentPolicy(config.contentDenyList);
    webhooks = openConfiguredWebhooks(config, producer, logger, metrics);
    const gateway: Gateway = {
      ...{ ...prompts, producer, fetchImage, settings },
      ...(webhooks && { webhooks }),
      metrics,
      tracing,
      ...(contentRefusal && { contentRefusal }),
    };
    const app = await buildApp(gateway, logger);
    served = metrics && (await serveGatewayMetrics(metrics, config, producer, logger));
    // Ready before somebody opens it; what is wrong with it is told to them.
    pageFiles().catch((error) => logger.error({ err: error }, 'the page cannot be prepared'));
    const address = await app.listen({
      ...{ host: config.host, port: config.port },
      listenTextResolver: (at) => `gateway listening at ${at}`,
    });
    const stopWatching = watchEviction(producer.redis, logger);
    return {
      address,
      close: async () => {
        stopWatching();
        await app.close();
        await closeParts();
      },
    };
  } catch (error) {
    await closeParts();
    throw error;
  }
}

function openConfiguredWebhooks(
  { webhookSecret: secret, webhookUrlAllow: allowedHosts }: Config,
  producer: Producer,
  log: FastifyBaseLogger,
  metrics: GatewayMetrics | undefined,
): Webhooks | undefined {
  if (secret === undefined) return undefined;
  return openWebhooks({ producer, log, secret, allowedHosts, onAttempt: metrics?.webhook });
}

async function serveGatewayMetrics(
  metrics: GatewayMetrics,
  { metricsHost: host, metricsPort: port }: Config,
  { redis }: Producer,
  logger: FastifyBaseLogger,
): Promise<ServedMetrics> {
  metrics.watch({
    queue: () => readQueueState(redis),
    workers: () => liveWorkers(redis),
    redis: async () => {
      const asked = performance.now();
      const memory = await readMemory(redis);
      return { ...memory, seconds: (performance.now() - asked) / 1000 };
    },
  });
  const served = await serveMetrics(metrics.registry, { host, port: port! });
  logger.info(`metrics at ${served.address}`);
  return served;
}
