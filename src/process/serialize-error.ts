import { inspect, types } from 'node:util';

/** An error as JSON, for logs and between processes. */
export interface SerializedError {
  /** The name of its class; of what is no error what it is instead. */
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string | number;
  /** Of an error of Redis, the name of the command; its arguments are prompts and pictures. */
  readonly command?: string;
  readonly cause?: SerializedError;
  /** Of an AggregateError. */
  readonly errors?: readonly SerializedError[];
}

const longestMessage = 4000;
const deepest = 8;
const mostErrors = 8;

/**
 * Whatever was thrown, with its class, message, stack, causes and parts. Only known fields are taken: others
 * may hold what does not belong into a log. What is serialised already stays as it is.
 */
export function serializeError(error: unknown): SerializedError {
  return serialize(error, []);
}

/** The message with those of its causes, in one line for people. */
export function messageChain(error: unknown): string {
  const parts: string[] = [];
  for (let at: SerializedError | undefined = serializeError(error); at !== undefined; at = at.cause) {
    const own = at.message || at.code?.toString() || at.type;
    const inner = at.errors?.map(({ message, code, type }) => message || String(code ?? type)) ?? [];
    for (const part of [own, ...inner])
      if (part !== '' && !parts.some((known) => known.includes(part))) parts.push(part);
  }
  return parts.join(': ');
}

function serialize(error: unknown, path: readonly unknown[]): SerializedError {
  if (path.includes(error) && typeof error === 'object')
    return { type: 'Circular', message: 'an error further up' };
  if (path.length >= deepest) return { type: 'Cut', message: 'further causes are left out' };
  if (isErrorLike(error)) return serializeErrorLike(error, [...path, error]);
  if (isSerialized(error)) return error;
  return { type: kindOf(error), message: cut(describe(error)) };
}

function serializeErrorLike(error: Error, path: readonly unknown[]): SerializedError {
  const fields = error as unknown as Record<string, unknown>;
  const code = read(fields, 'code');
  const stack = read(fields, 'stack');
  const cause = read(fields, 'cause');
  const { name: command } = (read(fields, 'command') ?? {}) as { name?: unknown };
  const errors = read(fields, 'errors');
  return {
    type: typeOf(error),
    message: cut(String(read(fields, 'message') ?? '')),
    ...(typeof stack === 'string' && { stack: cut(stack) }),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(typeof command === 'string' && { command }),
    ...(cause !== undefined && cause !== null && { cause: serialize(cause, path) }),
    ...(Array.isArray(errors) && {
      errors: errors.slice(0, mostErrors).map((part: unknown) => serialize(part, path)),
    }),
  };
}

/** Errors of other realms (a worker thread, a vm) are none of `Error` here. */
function isErrorLike(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

function isSerialized(value: unknown): value is SerializedError {
  const { type, message } = (value ?? {}) as Partial<SerializedError>;
  return typeof value === 'object' && typeof type === 'string' && typeof message === 'string';
}

/** `name` where somebody set it, else the class. */
function typeOf(error: Error): string {
  const name = read(error as unknown as Record<string, unknown>, 'name');
  const isPlain = typeof name !== 'string' || name === '' || name === 'Error';
  return isPlain ? ((error as Partial<Error>).constructor?.name ?? 'Error') : name;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' ? (value.constructor?.name ?? 'Object') : typeof value;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value;
  return inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 100 });
}

/** Getters may throw. */
function read(fields: Readonly<Record<string, unknown>>, name: string): unknown {
  try {
    return fields[name];
  } catch {
    return undefined;
  }
}

function cut(text: string): string {
  return text.length > longestMessage ? `${text.slice(0, longestMessage)}...` : text;
}
