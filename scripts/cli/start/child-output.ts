/**
 * One line of a child's output as a person reads it: pino's JSON as time, level, message and fields; other
 * text as it is.
 */
export function readableLine(line: string): string {
  const entry = parse(line);
  if (entry === undefined) return line;
  const { time, level, msg, name: _, pid: __, hostname: ___, err, ...fields } = entry;
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${show(value)}`);
  const stack = isRecord(err) && Number(level) >= 50 ? `\n${String(err.stack ?? err.message)}` : '';
  const reason = isRecord(err) && stack === '' ? [String(err.message)] : [];
  return (
    [clock(time), levels[Number(level)] ?? String(level), String(msg ?? ''), ...reason, ...pairs].join(' ') +
    stack
  );
}

const levels: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

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
