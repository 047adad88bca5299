import { wireLora } from '../bodies/lora-fields.ts';
import type { DeterminismReport } from '../generation.ts';
import type { ResponseBody } from '../openapi/response-schemas.ts';
import type { RequestRecord } from '../request-record.ts';
import { warningsBody, warningsHeader } from './warnings.ts';

/**
 * Bodies and headers in the names of the published API. `base` is the public base URL without a trailing
 * slash.
 */

/** What a key without a limit is told; clients read a number. */
export const unlimitedCredits = 999_999;

interface Links {
  readonly poll_url: string;
  readonly status_url: string;
  readonly response_url: string;
}

function links(base: string, id: string): Links {
  return {
    poll_url: `${base}/v1/requests/${id}`,
    status_url: `${base}/v2/requests/${id}/status`,
    response_url: `${base}/v2/requests/${id}`,
  };
}

/** Absolute: the published SDK takes these addresses as they stand. */
export function submitReply(base: string, id: string): ResponseBody<'SubmitReply'> {
  return { request_id: id, status: 'QUEUED', ...links(base, id) };
}

/** Seconds with milliseconds. */
function seconds(milliseconds: number): number {
  return Math.round(Math.max(0, milliseconds)) / 1000;
}

function timings(record: RequestRecord) {
  const { submittedAt, startedAt, finishedAt = submittedAt, result, attempts } = record;
  const started = startedAt ?? finishedAt;
  return {
    inference_time: result ? seconds(result.inferenceSeconds * 1000) : seconds(finishedAt - started),
    queue_time: seconds(started - submittedAt),
    total_time: seconds(finishedAt - submittedAt),
    ...(attempts > 1 && { retry_count: attempts - 1 }),
  };
}

/** The body of the status endpoint, and of the result endpoint while there is no result. */
export function statusBody(
  base: string,
  record: RequestRecord,
): ResponseBody<'Status'> | ResponseBody<'Failed'> {
  const { status_url, response_url } = links(base, record.id);
  const { status } = record;
  const common = { request_id: record.id, status_url, response_url };
  if (status === 'FAILED')
    return { status, ...common, error: record.error ?? 'The request failed', metrics: timings(record) };
  return status === 'COMPLETED'
    ? { status, ...common, metrics: timings(record) }
    : { status, ...common, metrics: {} };
}

/** A failed request answers 422 wherever it is asked for; everything else 200. */
export function statusCode(record: RequestRecord): 200 | 422 {
  return record.status === 'FAILED' ? 422 : 200;
}

/** One string, or an array of strings when several samples were asked for. */
function base64Images(record: RequestRecord, pictures: readonly Buffer[]): string | string[] {
  const encoded = pictures.map((bytes) => bytes.toString('base64'));
  return record.request.samples > 1 ? encoded : encoded[0]!;
}

type CompletedBody = Extract<ResponseBody<'Result'>, { status: 'COMPLETED' }>;

/**
 * The result of a COMPLETED request.
 * @param remainingCredits of its owner now; undefined for an unlimited key.
 * @param pictures only where it asked for base64.
 */
export function resultBody(
  base: string,
  record: RequestRecord,
  remainingCredits: number | undefined,
  pictures?: readonly Buffer[],
): CompletedBody {
  const result = record.result!;
  const { status_url, response_url } = links(base, record.id);
  const images = result.images.map(({ path, contentType, byteLength }) => ({
    url: `${base}/outputs/${path}`,
    content_type: contentType,
    file_name: path.slice(path.lastIndexOf('/') + 1),
    file_size: String(byteLength),
  }));
  return {
    status: 'COMPLETED',
    request_id: record.id,
    status_url,
    response_url,
    error: null,
    output: images[0]!.url,
    images,
    ...(pictures && { image: base64Images(record, pictures) }),
    seed: String(result.seed),
    prompt: result.prompt,
    metrics: {
      cost: record.cost,
      remaining_credits: remainingCredits ?? unlimitedCredits,
      ...timings(record),
    },
    ...(result.determinism && { determinism: determinismBody(result.determinism) }),
    ...warningsBody(record),
  };
}

function determinismBody({
  deviceReason,
  checkpoints,
  loras,
  embeddings,
  images,
  tiledVae,
  ...report
}: DeterminismReport): CompletedBody['determinism'] {
  return {
    checkpoints: [...checkpoints],
    ...(loras && { loras: loras.map(wireLora) }),
    ...(embeddings && { embeddings: [...embeddings] }),
    ...report,
    ...(deviceReason !== undefined && { device_reason: deviceReason }),
    ...(tiledVae && { vae_tiled: tiledVae }),
    images: images.map(({ seed, latentSha256, evaluations }) => ({
      ...{ seed, latent_sha256: latentSha256 },
      ...(evaluations && { evaluations }),
    })),
  };
}

/** The v1 answer where base64 was asked for. */
export function syncBody(record: RequestRecord, pictures: readonly Buffer[]): ResponseBody<'SyncReply'> {
  const { seed } = record.result!;
  return {
    image: base64Images(record, pictures),
    status: 'success',
    infer_time: timings(record).inference_time,
    seed,
    ...warningsBody(record),
  };
}

/**
 * Headers of every v1 answer with a picture; older SDKs fail without `x-remaining-credits`, an MCP server
 * reads `x-credits-consumed`.
 * @param remainingCredits of its owner now; undefined for an unlimited key.
 */
export function syncHeaders(
  record: RequestRecord,
  now: Date,
  remainingCredits: number | undefined,
): Record<string, string> {
  // Submits are counted by the minute.
  const nextMinute = new Date(Math.ceil((now.getTime() + 1) / 60_000) * 60_000);
  return {
    'x-request-id': record.id,
    'x-cost': String(record.cost),
    'x-credits-consumed': String(record.cost),
    'x-remaining-credits': String(remainingCredits ?? unlimitedCredits),
    'x-generation-time': String(timings(record).inference_time),
    'x-seed-value': String(record.result!.seed),
    'x-rate-limit-reset-at-utc': utcTime(nextMinute),
    ...warningsHeader(record),
  };
}

/** As the published API writes times: whole seconds, UTC. */
export function utcTime(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
