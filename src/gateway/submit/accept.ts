import { randomInt, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { withWarnings } from '../../contract/answers/warnings.ts';
import { parseImageToImage, parseTextToImage, type RequestDefaults } from '../../contract/bodies/bodies.ts';
import { withoutImplied } from '../../contract/bodies/few-step-loras.ts';
import { lorasOf } from '../../contract/bodies/lora-fields.ts';
import { parseSubmitFields } from '../../contract/bodies/submit-options.ts';
import type { Endpoint } from '../../contract/endpoints.ts';
import { ApiError } from '../../contract/errors.ts';
import type { GenerationRequest, RequestOverrides } from '../../contract/generation.ts';
import { nearMissWarnings } from '../../contract/names/near-misses.ts';
import { routeOf } from '../../contract/routes.ts';
import { baseName } from '../../contract/served-names.ts';
import { type SlugName, slugs } from '../../contract/slugs.ts';
import { fitImage } from '../../images/fit-image.ts';
import type { ApiKey } from '../../jobs/keys/api-keys.ts';
import type { SubmitOptions } from '../../jobs/records/admit.ts';
import type { Gateway } from '../gateway.ts';
import { createTurns } from '../http/turns.ts';
import { assertAdmitted, createGate } from './admission.ts';
import { assertSameBody, idempotencyOf } from './idempotency.ts';
import type { Asking, InputImages } from './input-image.ts';
import { assertBaseModelInstalled, withInstalledRefiner } from './installed.ts';
import { fewStepLorasOf, withInstalledLoras } from './installed-adapters.ts';
import { unknownWordWarnings } from './known-words.ts';
import { withNamedEmbeddings } from './named-embeddings.ts';
import { baseModelOf, baseModelProfile, modelOf } from './named-model.ts';
import { isLong, type Prompts } from './prompt-check.ts';
import type { RawBody } from './read-body.ts';
import type { WorkerList } from './worker-list.ts';

/**
 * Validates a body, charges its key and puts the request in the queue; returns its id, or that of the earlier
 * request where the client repeats itself under an idempotency key.
 */
export type Accept = (slug: SlugName, body: RawBody, client: SubmitClient) => Promise<string>;

export interface SubmitClient extends Asking, Pick<FastifyRequest, 'origin'> {
  readonly headers: IncomingHttpHeaders;
  readonly apiKey: ApiKey;
  /** The public base URL as this client sees it. */
  readonly base: string;
  /** Whether the body is only looked at: nothing is counted, fetched, charged or queued. */
  readonly checkOnly?: boolean;
  /** Where it is a line of a batch: what its request is called and how it waits. */
  readonly line?: { readonly id: string; readonly priority: number; readonly mostWaiting: number };
}

export function createAccept(gateway: Gateway, workers: WorkerList, inputs: InputImages): Accept {
  const { producer, settings, checkPrompts } = gateway;
  const { assertOpen, assertCredits } = createGate(gateway);
  const defaults: RequestDefaults = {
    // Drawn here and not by the worker, so that a second attempt makes the same picture.
    drawSeed: () => randomInt(0, 2 ** 32),
    rng: settings.rng,
    embedParameters: settings.embedParameters === 'on',
  };

  const turn = createTurns();
  const checked = async (prompts: Prompts): Promise<void> =>
    isLong(prompts) ? turn(() => checkPrompts(prompts)) : checkPrompts(prompts);

  type Prepare = (
    id: string,
    body: RawBody,
    freeSize: boolean,
    client: SubmitClient,
  ) => Promise<GenerationRequest>;
  const prepare: Record<Endpoint, Prepare> = {
    'sdxl-torch': async (_, { fields: given, overrides, implied }, freeSize) => {
      const known = Object.keys(slugs['sdxl1.0-txt2img'].body.shape);
      const { model, warnings } = await modelOf(given, known, workers);
      const fewStep = await fewStepLorasOf(given, model?.name ?? baseName, workers);
      const fields = withoutImplied(given, implied, fewStep);
      const text = parseTextToImage(fields, defaults, freeSize, model, fewStep.asked);
      const parsed = withWarnings(text, [...warnings, ...fewStep.warnings, ...fewStep.warningsOf(text)]);
      const served = parsed.model ?? baseName;
      const request = await withNamedEmbeddings(withOverrides(parsed, overrides), served, workers);
      await checked(request);
      const made = await withInstalledRefiner(request, workers, settings.refinerFallback);
      return await withInstalledLoras(made, routeOf(made), workers);
    },
    'sdxl-img2img': async (id, { fields: given, file, size, model, overrides, implied }, _, client) => {
      const profile = await baseModelProfile(given, model, workers);
      const fewStep = await fewStepLorasOf(given, baseModelOf(given, model), workers);
      const fields = withoutImplied(given, implied, fewStep);
      const picture = parseImageToImage(fields, defaults, file, profile, fewStep.asked);
      const parsed = withWarnings(picture, [...fewStep.warnings, ...fewStep.warningsOf(picture)]);
      const { image, ...described } = withOverrides(parsed, overrides);
      const request = await withNamedEmbeddings(described, described.baseModel, workers);
      await checked(request);
      await assertBaseModelInstalled(request.baseModel, workers);
      const { loras } = await withInstalledLoras(request, request.baseModel, workers);
      if (client.checkOnly) return { ...request, imageKey: '' };
      // A picture is the dearest part of a request: it is looked at last.
      await assertCredits(client.apiKey, request.samples * settings.creditsPerSample);
      const read = await inputs.read(image, client);
      const { width, height } = size ?? read;
      const sized = size ? await fitImage(read.png, size) : read.png;
      return {
        ...request,
        ...(loras && { loras }),
        width,
        height,
        imageKey: await producer.storeInput(id, sized),
      };
    },
  };

  const optionsOf = (body: RawBody, { apiKey, base, line }: SubmitClient): SubmitOptions => {
    const { priority, webhook_url: url } = parseSubmitFields(body.fields);
    if (priority !== undefined && !apiKey.admin)
      throw new ApiError('forbidden', 'priority is for admin keys; this API key is none');
    if (url === undefined) return { priority: line?.priority ?? priority };
    if (gateway.webhooks === undefined)
      throw new ApiError('invalidParameter', 'webhook_url: this server has no WEBHOOK_SECRET to sign with');
    gateway.webhooks.assertAllowed(url);
    return { priority: line?.priority ?? priority, webhook: { url, base } };
  };

  return async (slug, body, client) => {
    const { apiKey } = client;
    const { endpoint, freeSize } = slugs[slug];
    const idempotency = idempotencyOf(client.headers, slug, body);
    const before = idempotency && (await producer.findEarlier(apiKey.id, idempotency));
    if (before) {
      assertSameBody(idempotency, before);
      return before.id;
    }
    if (!client.checkOnly) await assertOpen(endpoint, apiKey);
    const options = optionsOf(body, client);
    const id = client.line?.id ?? randomUUID();
    const prepared = await prepare[endpoint](id, body, freeSize, client);
    if (client.checkOnly) return id;
    const model = prepared.endpoint === 'sdxl-img2img' ? prepared.baseModel : prepared.model;
    const { origin } = client;
    const known = Object.keys(origin).length > 0 ? { ...prepared, origin } : prepared;
    const request = withWarnings(known, [
      ...nearMissWarnings(body.fields, { names: Object.keys(slugs[slug].body.shape) }),
      ...(body.warnings ?? []),
      ...unknownWordWarnings(model, prepared, await workers.expected()),
    ]);
    const cost = request.samples * settings.creditsPerSample;
    const refusal = gateway.contentRefusal?.(request.prompt);
    const admission = await producer.submit(id, apiKey.id, request, cost, {
      ...options,
      idempotency,
      refusal,
      keyed: settings.auth,
      mostWaiting: client.line?.mostWaiting ?? settings.maxQueued,
    });
    assertAdmitted(admission);
    if (!admission.accepted || admission.earlier === undefined) {
      if (refusal === undefined) gateway.metrics?.accepted(request, cost);
      else gateway.metrics?.failed(request, 'denied');
      return id;
    }
    assertSameBody(idempotency!, admission.earlier);
    return admission.earlier.id;
  };
}

/**
 * A request with what another protocol says beyond the ranges of its fields. LoRAs that such a prompt names
 * are taken out of it as out of any other.
 * @throws ApiError as lorasOf.
 */
function withOverrides<Request extends Pick<GenerationRequest, 'prompt' | 'loras'>>(
  request: Request,
  overrides: RequestOverrides = {},
): Request {
  // The request has the LoRAs of the same prompt already, beside those of its field.
  const { prompt } = overrides;
  return { ...request, ...overrides, ...(prompt !== undefined && { prompt: lorasOf(prompt).prompt }) };
}
