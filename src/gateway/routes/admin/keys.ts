import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type AdminAnswer, adminBodies } from '../../../contract/answers/admin.ts';
import { parseFields } from '../../../contract/bodies/fields.ts';
import { ApiError } from '../../../contract/errors.ts';
import {
  type ApiKey,
  createApiKey,
  type KeyLimits,
  listApiKeys,
  readApiKey,
  revokeApiKey,
} from '../../../jobs/keys/api-keys.ts';
import { changeApiKey } from '../../../jobs/keys/change-api-key.ts';
import { addCredits } from '../../../jobs/keys/credits.ts';
import type { Gateway } from '../../gateway.ts';
import type { Audit } from './audit.ts';
import { limitedFields } from './limited-fields.ts';

type ById = FastifyRequest<{ Params: { id: string } }>;

function keyBody(apiKey: ApiKey): AdminAnswer<'AdminKey'> {
  const { id, name, createdAt, admin, endpoints, credits, requestsPerMinute, maxQueued } = apiKey;
  return {
    ...{ id, name, admin, created_at: new Date(createdAt).toISOString() },
    ...(endpoints && { endpoints: [...endpoints] }),
    ...(credits !== undefined && { credits }),
    ...(requestsPerMinute !== undefined && { requests_per_minute: requestsPerMinute }),
    ...(maxQueued !== undefined && { max_queued: maxQueued }),
  };
}

const unknownKey = (id: string) => new ApiError('notFound', `API key ${id.slice(0, 40)} not found`);

/** `/v1/admin/keys`: list, create, change, revoke, credit. */
export function adminKeyRoutes(app: FastifyInstance, { producer: { redis } }: Gateway, audit: Audit): void {
  app.get('/v1/admin/keys', async (): Promise<AdminAnswer<'AdminKeys'>> => {
    return { keys: (await listApiKeys(redis)).map(keyBody) };
  });

  app.post('/v1/admin/keys', async (request, reply): Promise<AdminAnswer<'AdminNewKey'>> => {
    const fields = parseFields(adminBodies.createKey, request.body);
    const limits: KeyLimits = {
      ...(fields.endpoints && { endpoints: fields.endpoints }),
      ...(fields.credits !== undefined && { credits: fields.credits }),
      ...(fields.requests_per_minute !== undefined && { requestsPerMinute: fields.requests_per_minute }),
      ...(fields.max_queued !== undefined && { maxQueued: fields.max_queued }),
      admin: fields.admin === true,
    };
    await audit(request, 'create key', fields.name);
    const { key, apiKey } = await createApiKey(redis, fields.name, limits);
    reply.code(201);
    return { ...keyBody(apiKey), key };
  });

  app.patch('/v1/admin/keys/:id', async (request: ById): Promise<AdminAnswer<'AdminKey'>> => {
    const { id } = request.params;
    const fields = parseFields(adminBodies.changeKey, request.body);
    if ((await readApiKey(redis, id)) === undefined) throw unknownKey(id);
    if (fields.admin === false && id === request.apiKey.id)
      throw new ApiError('conflict', 'A key cannot take its own admin rights; use another admin key');
    await audit(request, 'change key', id);
    const { name, admin } = fields;
    const changed = await changeApiKey(redis, id, {
      ...(name !== undefined && { name }),
      ...(admin !== undefined && { admin }),
      ...limitedFields(fields, request.body),
    });
    if (changed === undefined) throw unknownKey(id);
    return keyBody(changed);
  });

  app.delete('/v1/admin/keys/:id', async (request: ById): Promise<AdminAnswer<'AdminKey'>> => {
    const { id } = request.params;
    const found = await readApiKey(redis, id);
    if (found === undefined) throw unknownKey(id);
    if (id === request.apiKey.id) throw new ApiError('conflict', 'A key cannot revoke itself');
    await audit(request, 'revoke key', id);
    await revokeApiKey(redis, id);
    return keyBody(found);
  });

  app.post('/v1/admin/keys/:id/credits', async (request: ById): Promise<AdminAnswer<'AdminKey'>> => {
    const { id } = request.params;
    const { credits } = parseFields(adminBodies.addCredits, request.body);
    const found = await readApiKey(redis, id);
    if (found === undefined) throw unknownKey(id);
    if (found.credits === undefined)
      throw new ApiError('conflict', `API key ${id} has no limit of credits to add to`);
    await audit(request, `credit ${credits}`, id);
    const balance = await addCredits(redis, id, credits);
    if (balance === undefined) throw unknownKey(id);
    return keyBody({ ...found, credits: balance });
  });
}
