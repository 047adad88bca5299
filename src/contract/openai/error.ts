import { type ApiErrorCode, apiErrors } from '../errors.ts';
import type { ResponseBody } from '../openapi/response-schemas.ts';
import { show } from '../show.ts';
import { openAiBodies } from './bodies.ts';
import { isGptImage } from './models.ts';

/** OpenAI's words for what went wrong, beside our text. */
const codes: Partial<Record<ApiErrorCode, string>> = {
  invalidParameter: 'invalid_value',
  missingKey: 'invalid_api_key',
  invalidKey: 'invalid_api_key',
  forbidden: 'insufficient_permissions',
  insufficientCredits: 'insufficient_quota',
  rateLimited: 'rate_limit_exceeded',
};

/** Where OpenAI's clients look for another status than those of the published API. */
const statuses: Partial<Record<ApiErrorCode, number>> = {
  insufficientCredits: 429,
  contentType: 415,
};

const knownFields = new Set([
  'mask',
  ...Object.values(openAiBodies).flatMap(({ shape }) => Object.keys(shape)),
]);

export type OpenAiErrorBody = ResponseBody<'OpenAiError'>;

/** An answer in OpenAI's form. */
export interface OpenAiFailure {
  readonly status: number;
  readonly body: OpenAiErrorBody;
  readonly headers: Readonly<Record<string, string>>;
}

/** @param status that the code has here otherwise. */
export function openAiFailure(status: number, message: string, code: ApiErrorCode): OpenAiFailure {
  const told = statuses[code] ?? status;
  return {
    status: told,
    body: openAiErrorBody(told, message, code),
    // A client that is out of credits would come back twice: 429 is tried again unless this is said.
    headers: code === 'insufficientCredits' ? { 'x-should-retry': 'false' } : {},
  };
}

/**
 * Of a generation that failed. The deny-list's text names the policy, the worker's its safety checker.
 * @param model that the client named: newer ones call it otherwise.
 */
export function openAiFailureOf(model: string, reason = 'The request failed'): OpenAiFailure {
  const isRefused = /\b(?:content policy|safety checker)\b/.test(reason);
  const status = isRefused ? 400 : 422;
  const { error } = openAiErrorBody(status, reason);
  const words = !isRefused
    ? {}
    : isGptImage(model)
      ? { type: 'image_generation_user_error' as const, code: 'moderation_blocked' }
      : { code: 'content_policy_violation' };
  return { status, body: { error: { ...error, ...words } }, headers: {} };
}

/** OpenAI's words for a `model` that it does not have. */
export function modelNotFoundBody(id: string): OpenAiErrorBody {
  const { error } = openAiErrorBody(404, `The model ${show(id)} does not exist here; see GET /v1/models`);
  return { error: { ...error, param: 'model', code: 'model_not_found' } };
}

/** The error envelope of OpenAI's API. @param code of our ApiError, where it was one. */
export function openAiErrorBody(status: number, message: string, code?: ApiErrorCode): OpenAiErrorBody {
  // Our texts of wrong values begin with the field.
  const named = code === 'invalidParameter' ? /^\w+/.exec(message)?.[0].toLowerCase() : undefined;
  const field = named === 'base_model' ? 'model' : named;
  const param = field !== undefined && knownFields.has(field) ? field : null;
  const isMissing = param !== null && /^\w+ is mandatory$/i.test(message);
  return {
    error: {
      message,
      type: typeOf(status, code),
      param,
      code: isMissing ? 'missing_required_parameter' : ((code && codes[code]) ?? null),
    },
  };
}

function typeOf(status: number, code?: ApiErrorCode): OpenAiErrorBody['error']['type'] {
  if (code === 'insufficientCredits') return 'insufficient_quota';
  if (status === apiErrors.rateLimited.status) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}
