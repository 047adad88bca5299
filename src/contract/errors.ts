/**
 * Every error a client can meet: its HTTP status and the text where the thrower has nothing more exact to
 * say.
 */
export const apiErrors = {
  malformedBody: { status: 400, message: 'The request body is not valid' },
  invalidParameter: { status: 400, message: 'Invalid parameters' },
  missingKey: { status: 401, message: 'Missing Authorization or x-api-key in header' },
  invalidKey: { status: 401, message: 'Unauthorized. API key is invalid or may have expired...' },
  forbidden: { status: 403, message: 'This API key may not do that' },
  notFound: { status: 404, message: 'Not found' },
  methodNotAllowed: { status: 405, message: 'Method not allowed' },
  contentType: { status: 406, message: 'Invalid content type' },
  insufficientCredits: { status: 406, message: 'Insufficient credits' },
  clientTimeout: { status: 408, message: 'The request was not received in time' },
  conflict: { status: 409, message: 'In conflict with an earlier request' },
  retired: { status: 410, message: 'Retired' },
  tooLarge: { status: 413, message: 'The request body is too large' },
  rateLimited: { status: 429, message: 'Rate limit exceeded' },
  headersTooLarge: { status: 431, message: 'The request headers are too large' },
  internal: { status: 500, message: 'Internal server error' },
  noWorker: { status: 502, message: 'No worker is alive' },
  unavailable: { status: 503, message: 'The service cannot take requests now; try again in a few seconds' },
  deadline: { status: 504, message: 'The request was not finished in time' },
} as const satisfies Record<string, { status: number; message: string }>;

export type ApiErrorCode = keyof typeof apiErrors;

/** The one error that route code throws; its message goes to the client as `{"error": message}`. */
export class ApiError extends Error {
  readonly code: ApiErrorCode;
  readonly status: number;
  /** Headers of the answer, in lower case. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ApiErrorCode,
    message: string = apiErrors[code].message,
    options?: ErrorOptions & { readonly headers?: Readonly<Record<string, string>> },
  ) {
    super(message, options);
    this.name = 'ApiError';
    this.code = code;
    this.status = apiErrors[code].status;
    this.headers = options?.headers ?? {};
  }
}

/** `Request <id> not found`: the same for an unknown, an expired and somebody else's request. */
export function requestNotFound(id: string): ApiError {
  return new ApiError('notFound', `Request ${id} not found`);
}
