import { maskSecrets } from './mask-secrets.ts';
import { messageChain } from './serialize-error.ts';

/** Errors that nobody wrote for an operator: their causes say what their message does not. */
const unwritten = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'AggregateError']);

/**
 * What a command says of the error that ends it: its message, without secrets; with LOG_LEVEL=debug or trace
 * its stack too.
 */
export function failureText(error: unknown, environment: NodeJS.ProcessEnv = process.env): string {
  const { name, message, stack } = error instanceof Error ? error : new Error(messageChain(error));
  const text = message === '' || unwritten.has(name) ? messageChain(error) : message;
  const wantsStack = /^(?:debug|trace)$/.test(environment.LOG_LEVEL ?? '');
  return maskSecrets(wantsStack ? `${text}\n${stack ?? ''}` : text, environment);
}

/** For the last catch of a command: the failure on standard error, and exit code 1 once all is done. */
export function reportFailure(error: unknown): void {
  process.stderr.write(`${failureText(error)}\n`);
  process.exitCode = 1;
}

/** For a process that cannot start: the failure in one message on standard error, and exit code 1 now. */
export function exitWith(processName: string, error: unknown): never {
  process.stderr.write(
    `${processName}: ${typeof error === 'string' ? maskSecrets(error) : failureText(error)}\n`,
  );
  process.exit(1);
}
