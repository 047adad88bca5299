import type { FastifyRequest } from 'fastify';
import { writeAudit } from '../../../jobs/records/audit.ts';
import type { Connection } from '../../../jobs/redis/connection.ts';

/** Writes down an act of an administrator, in the log and in Redis, before it is done. */
export type Audit = (request: FastifyRequest, act: string, on?: string) => Promise<void>;

export function createAudit(redis: Connection): Audit {
  return async (request, act, on = '') => {
    request.log.info({ audit: { key: request.apiKey.id, act, on } }, 'admin act');
    await writeAudit(redis, { key: request.apiKey.id, act, on });
  };
}
