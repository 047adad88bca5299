import type { ApiErrorCode } from './errors.ts';
import { openAiBodies } from './openai.ts';
import type { ResponseBody } from './openapi/response-schemas.ts';
import { show } from './show.ts';

/** OpenAI's words for what went wrong, beside our text. */
const codes: Partial<Record<ApiErrorCode, string>> = {
  invalidParameter: 'invalid_value',
  missingKey: 'invalid_api_key',
  invalidKey: 'invalid_api_key',
  forbidden: 'insufficient_permissions',
  insufficientCredits: 'insufficient_quota',
  rateLimited: 'rate_limit_exceeded',
};

const knownFields = new Set([
  'mask',
  ...Object.values(openAiBodies).flatMap(({ shape }) => Object.keys(shape)),
]);

export type OpenAiErrorBody = ResponseBody<'OpenAiError'>;

/** Of a generation that failed. The deny-list's text names the policy, the worker's its safety checker. */
export function openAiFailureBody(reason = 'The request failed'): OpenAiErrorBody {
  const { error } = openAiErrorBody(422, reason);
  return {
    error: {
      ...error,
      code: /\b(?:content policy|safety checker)\b/.test(reason) ? 'content_policy_violation' : null,
    },
  };
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
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return {
    error: {
      message,
      type,
      param: field !== undefined && knownFields.has(field) ? field : null,
      code: (code && codes[code]) ?? null,
    },
  };
}
