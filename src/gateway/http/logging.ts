import { createProcessLogger, type ProcessLogger } from '../../process/logger.ts';

/**
 * What the log may say of a request: no headers (keys), no body (prompts), no query, and of an output's
 * address not its token.
 */
function describeRequest(request: { method: string; url: string; ip?: string }) {
  const path = request.url.split('?', 1)[0]!;
  return {
    method: request.method,
    path: path.replace(/^(\/outputs\/[^/]*\/).+/, '$1...').slice(0, 200),
    remoteAddress: request.ip,
  };
}

export function createLogger(level: string, destination?: { write(line: string): void }): ProcessLogger {
  return createProcessLogger('gateway', level, {
    serializers: { req: describeRequest },
    redact: ['*.headers["x-api-key"]', '*.headers.authorization'],
    destination,
  });
}
