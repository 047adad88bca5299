import type { Handle, OrtApi } from './function-table.ts';

/** OrtErrorCode, microsoft/onnxruntime include/onnxruntime/core/session/onnxruntime_error_code.h. */
const codes = [
  'OK',
  'FAIL',
  'INVALID_ARGUMENT',
  'NO_SUCHFILE',
  'NO_MODEL',
  'ENGINE_ERROR',
  'RUNTIME_EXCEPTION',
  'INVALID_PROTOBUF',
  'MODEL_LOADED',
  'NOT_IMPLEMENTED',
  'INVALID_GRAPH',
  'EP_FAIL',
  'MODEL_LOAD_CANCELED',
  'MODEL_REQUIRES_COMPILATION',
  'NOT_FOUND',
  'DEVICE_RESET',
] as const;

/** What ONNX Runtime says where it fails. */
export class RuntimeError extends Error {
  /** OrtErrorCode's name without its prefix, as INVALID_ARGUMENT. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.name = 'RuntimeError';
    this.code = code;
  }
}

/** The error that a status stands for, if any. The status is released. */
export function errorOf(api: OrtApi, status: Handle<'Status'> | null): RuntimeError | undefined {
  if (status === null) return undefined;
  const code = api.GetErrorCode(status);
  const error = new RuntimeError(api.GetErrorMessage(status).trim(), codes[code] ?? String(code));
  api.ReleaseStatus(status);
  return error;
}

/** @throws RuntimeError where the status is one. */
export function requireOk(api: OrtApi, status: Handle<'Status'> | null): void {
  const error = errorOf(api, status);
  if (error !== undefined) throw error;
}
