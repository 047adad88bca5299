import { type Logger, type LoggerOptions, pino } from 'pino';
import { maskSecrets } from './mask-secrets.ts';
import { serializeError } from './serialize-error.ts';

export type ProcessLogger = Logger;

/** What a process adds of its own. */
export interface LoggerAdditions {
  readonly serializers?: LoggerOptions['serializers'];
  readonly redact?: string[];
  /** Where lines go if not to standard output. */
  readonly destination?: { write(line: string): void } | undefined;
}

/**
 * The logger of a process: JSON lines, errors with class, message, stack and causes wherever one is logged,
 * and no line with a secret, whoever wrote it.
 */
export function createProcessLogger(
  name: string,
  level: string,
  additions: LoggerAdditions = {},
): ProcessLogger {
  const { serializers, redact, destination } = additions;
  const options: LoggerOptions = {
    name,
    level,
    serializers: { ...serializers, err: serializeError, error: serializeError, cause: serializeError },
    hooks: { streamWrite: (line) => maskSecrets(line) },
    ...(redact && { redact }),
  };
  return destination ? pino(options, destination) : pino(options);
}
