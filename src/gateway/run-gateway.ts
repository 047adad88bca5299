import type { FastifyBaseLogger } from 'fastify';
import type { Config } from '../config/config.ts';
import { openProducer, type Producer } from '../jobs/producer.ts';
import { watchEviction } from '../jobs/redis/watch-eviction.ts';
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
  redisUrl: string,
  logger: FastifyBaseLogger,
): Promise<RunningGateway> {
  const settings: GatewaySettings = { ...config, ...gatewayLimits };
  const producer = await openProducer({
    redisUrl,
    log: logger,
    lifetimes: { retentionSeconds: config.resultTtlSeconds, deadlineSeconds: config.jobDeadlineSeconds },
  });
  const fetchImage = createImageFetcher({
    timeoutMs: fetchTimeoutMs,
    maxBytes: settings.imageBodyLimit,
    allowedHosts: config.imageUrlAllow,
  });
  let webhooks: Webhooks | undefined;
  const closeParts = async (): Promise<void> => {
    await webhooks?.close().catch(() => undefined);
    await Promise.allSettled([fetchImage.close(), producer.close()]);
  };
  try {
    const prompts = await createPromptCheck(config.promptMaxChunks);
    const contentRefusal = await readContentPolicy(config.contentDenyList);
    webhooks = openConfiguredWebhooks(config, producer, logger);
    const gateway: Gateway = {
      ...{ ...prompts, producer, fetchImage, settings },
      ...(webhooks && { webhooks }),
      ...(contentRefusal && { contentRefusal }),
    };
    const app = await buildApp(gateway, logger);
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
): Webhooks | undefined {
  if (secret === undefined) return undefined;
  return openWebhooks({ producer, log, secret, allowedHosts });
}
