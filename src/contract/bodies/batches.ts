import { z } from 'zod';
import { ApiError } from '../errors.ts';
import { show } from '../show.ts';
import { type SlugName, slugNames } from '../slugs.ts';
import { parseFields } from './fields.ts';

/** Many submits in one call: JSON lines in, JSON lines out. An extension of the published API. */

export const mostLines = 1000;

/** What a line says beside the body of its endpoint. */
export const batchLineFields = z.object({
  endpoint: z
    .enum(slugNames)
    .default('sdxl-torch')
    .meta({ description: 'Where the line goes to: a name under /v2/' }),
  custom_id: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'A name of your own for the line, repeated in its result; once in a batch' }),
});

/** What `GET /v2/batches/{id}/results` may be asked. */
export const batchResultsQuery = z.object({
  from: z.int().min(1).max(mostLines).default(1).meta({ description: 'The first line to tell of' }),
});

export interface ParsedLine {
  readonly slug: SlugName;
  readonly customId?: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * A line without what it says of itself; its fields are still to be checked.
 * @throws ApiError
 */
export function parseLine(line: unknown): ParsedLine {
  const { endpoint, custom_id: customId } = parseFields(batchLineFields, line);
  const { endpoint: _, custom_id: __, ...fields } = line as Record<string, unknown>;
  if (fields.priority !== undefined && fields.priority !== null)
    throw new ApiError(
      'invalidParameter',
      `priority cannot be set in a batch, whose lines run behind single requests, got ${show(fields.priority)}`,
    );
  return { slug: endpoint, fields, ...(customId !== undefined && { customId }) };
}

const links = {
  status_url: z.url().meta({ description: 'Absolute; how far it is' }),
  results_url: z.url().meta({ description: 'Absolute; results as JSON lines' }),
};

const count = z.int().min(0);

export const batchResponses = {
  BatchReply: z.strictObject({ batch_id: z.uuid(), status: z.literal('QUEUED'), total: count, ...links }),
  Batch: z.strictObject({
    batch_id: z.uuid(),
    status: z
      .enum(['QUEUED', 'PROCESSING', 'COMPLETED', 'CANCELLED'])
      .meta({ description: 'COMPLETED once every line has ended, however it did' }),
    total: count,
    counts: z
      .strictObject({
        waiting: count.meta({ description: 'Not yet requests of the queue' }),
        processing: count.meta({ description: 'Requests that wait or run' }),
        completed: count,
        failed: count,
        cancelled: count,
      })
      .meta({ description: 'Lines by state; together they are total' }),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable().meta({ description: 'It is kept an hour from then on' }),
    ...links,
  }),
  BatchResult: z
    .strictObject({
      line: z.int().min(1),
      custom_id: z.string().nullable(),
      status: z.enum(['COMPLETED', 'FAILED', 'CANCELLED']),
      request_id: z.uuid().nullable().meta({ description: 'Null where it never became a request' }),
      error: z.string().nullable(),
      result: z
        .looseObject({ status: z.literal('COMPLETED') })
        .nullable()
        .meta({ description: 'As GET /v2/requests/{id} answers; null where there is none, or no longer' }),
    })
    .meta({
      description: 'One line of the results, in the order of the batch; lines under way are left out',
    }),
};
