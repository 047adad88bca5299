import { z } from 'zod';
import { parseFields } from './fields.ts';

/** Extension fields of every submit that say something about its handling and nothing about its pictures. */
export const submitFields = {
  priority: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .meta({ description: 'Extension, admin keys only: 1 runs first, 100 last; 50 for requests without' }),
  webhook_url: z.string().min(1).max(2048).optional().meta({
    description: 'Extension: told of the end of the request, signed as Standard Webhooks has it',
  }),
};

const schema = z.object(submitFields);

export type SubmitFields = z.output<typeof schema>;

/** @throws ApiError naming each wrong field. */
export function parseSubmitFields(raw: unknown): SubmitFields {
  return parseFields(schema, raw);
}
