import { ReplyError } from 'ioredis';

const connectionTrouble =
  /Stream isn't writeable|Connection is closed|Command timed out|max retries per request|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|ETIMEDOUT|socket closed|Socket timeout|Command aborted/i;
const serverTrouble =
  /^(?:MISCONF|OOM|LOADING|READONLY|MOVED|ASK|CLUSTERDOWN|MASTERDOWN|NOREPLICAS|TRYAGAIN|BUSY|EXECABORT)\b/;

/** Whether Redis itself has refused a command: then nothing of it was done. */
export function isRefusal(error: unknown): boolean {
  return error instanceof ReplyError || (error instanceof Error && error.name === 'ReplyError');
}

/**
 * Whether an error means that Redis cannot be reached or cannot take writes now: the client should try again
 * later.
 */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (isRefusal(error)) return serverTrouble.test(error.message);
  return (
    error.name === 'MaxRetriesPerRequestError' ||
    connectionTrouble.test(`${error.message} ${(error as NodeJS.ErrnoException).code ?? ''}`) ||
    serverTrouble.test(error.message)
  );
}
