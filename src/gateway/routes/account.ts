import type { FastifyInstance } from 'fastify';
import { unlimitedCredits } from '../../contract/answers/responses.ts';
import type { ResponseBody } from '../../contract/openapi/response-schemas.ts';
import { readBalance } from '../../jobs/keys/credits.ts';
import type { Gateway } from '../gateway.ts';

export const accountPaths = ['/v1/get-user-credits', '/v1/credits'];

/**
 * `GET /v1/get-user-credits`, documented as the cheapest check of a key, and `GET /v1/credits`, which an MCP
 * server reads as `data.credits`.
 */
export function accountRoutes(app: FastifyInstance, { producer }: Gateway): void {
  app.get('/v1/get-user-credits', async ({ owner }): Promise<ResponseBody<'UserCredits'>> => {
    const { remaining = unlimitedCredits } = await readBalance(producer.redis, owner);
    return { credits: remaining, 'free-credits': 0 };
  });

  app.get('/v1/credits', async ({ owner }): Promise<ResponseBody<'Credits'>> => {
    const { remaining = unlimitedCredits, used } = await readBalance(producer.redis, owner);
    return { data: { credits: { remaining, used } } };
  });
}
