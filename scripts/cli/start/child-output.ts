/**
 * One line of a child's output as a person reads it: pino's JSON as time, level, message and fields, and
 * below them each error with its class, stack and causes; other text as it is.
 */
export function readableLine(line: string): string {
  const entry = parse(line);
  if (entry === undefined) return line;
  const { time, level, msg, name: _, pid: __, hostname: ___, ...rest } = entry;
  const fields = Object.entries(rest);
  const pairs = fields.filter(([, value]) => !isError(value)).map(([key, value]) => `${key}=${show(value)}`);
  const errors = fields.flatMap(([, value]) => (isError(value) ? errorLines(value, '') : []));
  const head = [clock(time), levels[Number(level)] ?? String(level), String(msg ?? ''), ...pairs].join(' ');
  return [head, ...errors].join('\n');
}

const levels: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** As src/process/serialize-error.ts writes it. */
interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly stack?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

function isError(value: unknown): value is LoggedError {
  return isRecord(value) && typeof value.type === 'string' && typeof value.message === 'string';
}

/** Class and message, the stack below them, then causes and parts, each after a word that says what it is. */
function errorLines({ type, message, stack, code, cause, errors }: LoggedError, lead: string): string[] {
  const title = `${type}: ${message}${code === undefined ? '' : ` (${String(code)})`}`;
  const frames = typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line)) : [];
  return [
    ...`${lead}${title}`.split('\n'),
    ...frames,
    ...(Array.isArray(errors) ? errors : []).flatMap((part) =>
      isError(part) ? errorLines(part, 'one of them: ') : [],
    ),
    ...(isError(cause) ? errorLines(cause, 'caused by ') : []),
  ];
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) && 'level' in value ? value : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function clock(time: unknown): string {
  return new Date(typeof time === 'number' ? time : Date.now()).toTimeString().slice(0, 8);
}

function show(value: unknown): string {
  return typeof value === 'string' && !/[\s"]/.test(value) ? value : JSON.stringify(value);
}
