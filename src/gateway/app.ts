import multipart from '@fastify/multipart';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { createBatchFeeder } from './batches/feeder.ts';
import type { Gateway } from './gateway.ts';
import { declareAnswers } from './http/answer-headers.ts';
import { requireApiKey } from './http/auth.ts';
import { leaveUnreadBodies } from './http/body-gate.ts';
import { hangUpWhenClosing } from './http/closing.ts';
import { createCollector } from './http/collect-garbage.ts';
import { limitConnections } from './http/connection-limits.ts';
import { allowOrigins } from './http/cors.ts';
import {
  answerClientError,
  installErrorHandling,
  refuseOtherMethods,
  refuseSeveralHosts,
  sendRouterError,
} from './http/errors.ts';
import { askForBodiesLate } from './http/expect-continue.ts';
import { measureAnswers } from './http/measure.ts';
import { createMemoryPool } from './http/memory-pool.ts';
import { ignoreBodies, readJson } from './http/read-json.ts';
import { addSlashToSubPath, withoutSubPath } from './http/sub-path.ts';
import { tidyAddress } from './http/tidy-address.ts';
import { traceRequests } from './http/trace-requests.ts';
import { a1111Routes } from './routes/a1111/a1111.ts';
import { accountPaths, accountRoutes } from './routes/account.ts';
import { adapterPaths, adapterRoutes } from './routes/adapters.ts';
import { adminRoutes, refuseOtherAdminVerbs } from './routes/admin/admin.ts';
import { batchPaths, batchRoutes } from './routes/batches.ts';
import { capabilityPaths, capabilityRoutes } from './routes/capabilities.ts';
import { docsRoutes } from './routes/docs.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { labRoutes } from './routes/lab.ts';
import { listRoutes } from './routes/lists.ts';
import { openAiRoutes } from './routes/openai.ts';
import { outputRoutes } from './routes/outputs.ts';
import { pageRoutes } from './routes/page.ts';
import { pictureParameterPaths, pictureParameterRoutes } from './routes/picture-parameters.ts';
import { requestPaths, requestRoutes } from './routes/requests.ts';
import { signInRoutes } from './routes/sign-in.ts';
import { modelRoutes, refuseOtherSubmits, submitRoutes } from './routes/submit.ts';
import { createAccept } from './submit/accept.ts';
import { createInputImages } from './submit/input-image.ts';
import { createWorkerList } from './submit/worker-list.ts';

/** The whole HTTP service on the given parts; it opens and closes nothing of them. */
export async function buildApp(
  gateway: Gateway,
  loggerInstance: FastifyBaseLogger,
): Promise<FastifyInstance> {
  const { settings } = gateway;
  const ownUrl = withoutSubPath(settings.publicUrl);
  const app: FastifyInstance = Fastify({
    loggerInstance,
    bodyLimit: settings.bodyLimit,
    requestTimeout: settings.requestTimeoutMs,
    // Node looks for slow clients every 30 s unless told otherwise.
    http: { headersTimeout: settings.headersTimeoutMs, connectionsCheckingInterval: 1000 },
    clientErrorHandler: answerClientError,
    frameworkErrors: sendRouterError,
    forceCloseConnections: 'idle',
    rewriteUrl: (asked) => tidyAddress(ownUrl(asked)),
    trustProxy: settings.trustProxy.length > 0 ? [...settings.trustProxy] : false,
  });
  refuseSeveralHosts(app);
  addSlashToSubPath(app, settings.publicUrl);
  // Before everything that may refuse: a page must be able to read the refusal.
  await allowOrigins(app, settings.corsOrigins);
  traceRequests(app, gateway.tracing);
  measureAnswers(app, gateway.metrics);
  installErrorHandling(app);
  declareAnswers(app);
  leaveUnreadBodies(app);
  limitConnections(app, {
    most: settings.maxConnections,
    mostPerAddress: settings.trustProxy.length > 0 ? undefined : settings.maxConnectionsPerAddress,
  });
  hangUpWhenClosing(app);
  askForBodiesLate(app);
  app.decorateRequest('owner', '');
  app.decorateRequest('apiKey');
  app.decorateRequest('releaseBody');
  app.decorateRequest('takeRoom');
  app.removeContentTypeParser('text/plain');
  readJson(app);
  await app.register(multipart);

  const workers = createWorkerList(gateway.producer.redis, settings.noWorkerGraceSeconds * 1000);
  app.addHook('onClose', async () => workers.close());
  healthRoutes(app, gateway, workers.live);
  listRoutes(app);
  outputRoutes(app, gateway);
  docsRoutes(app);
  labRoutes(app);
  pageRoutes(app);
  signInRoutes(app, gateway);
  refuseOtherSubmits(app);
  refuseOtherAdminVerbs(app);
  for (const path of accountPaths) refuseOtherMethods(app, path, ['GET', 'HEAD']);
  for (const [path, allowed] of Object.entries({
    ...requestPaths,
    ...batchPaths,
    ...capabilityPaths,
    ...adapterPaths,
    ...pictureParameterPaths,
  }))
    refuseOtherMethods(app, path, allowed);

  const inputs = createInputImages(gateway);
  const accept = createAccept(gateway, workers, inputs);
  const feeder = createBatchFeeder(gateway, accept, workers, app.log);
  app.addHook('onClose', async () => feeder.close());
  const bodies = createMemoryPool({
    ...{ bytes: settings.bodyMemory, waitMs: settings.bodyWaitMs, mostWaiting: 1024 },
    busy: 'The server reads too many large requests now; try again later',
    onGivenBack: createCollector(),
  });
  if (settings.a1111Api)
    await app.register(async (a1111) => a1111Routes(a1111, gateway, accept, workers, bodies));
  await app.register(async (openAi) => openAiRoutes(openAi, gateway, accept, workers, bodies));
  await app.register(async (named) => modelRoutes(named, gateway, accept, workers, bodies));
  await app.register(async (keyed) => {
    requireApiKey(keyed, gateway);
    await keyed.register(async (bodyless) => {
      ignoreBodies(bodyless);
      requestRoutes(bodyless, gateway);
      eventRoutes(bodyless, gateway);
      accountRoutes(bodyless, gateway);
      adapterRoutes(bodyless, workers);
    });
    await keyed.register(async (asked) => capabilityRoutes(asked, gateway, workers, inputs, bodies));
    await keyed.register(async (infos) => pictureParameterRoutes(infos, gateway, workers, bodies));
    await keyed.register(async (admin) => adminRoutes(admin, gateway, workers));
    await keyed.register(async (batches) => batchRoutes(batches, gateway, accept, bodies, feeder));
    await keyed.register(async (submits) => submitRoutes(submits, gateway, accept, bodies));
  });
  return app;
}
