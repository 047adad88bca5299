import type { FastifyInstance } from 'fastify';
import { timestamp } from '../../../contract/a1111/info.ts';
import { ApiError } from '../../../contract/errors.ts';
import type { ResponseBody } from '../../../contract/openapi/response-schemas.ts';
import { convertPreview } from '../../../images/encode-image.ts';
import { type IteratedCall, listCalls, stopCall } from '../../../jobs/records/iterated-calls.ts';
import { readProgress } from '../../../jobs/records/records.ts';
import { readPreview } from '../../../jobs/records/stored-pictures.ts';
import type { Gateway } from '../../gateway.ts';

const done = [
  'interrupt',
  'skip',
  'refresh-checkpoints',
  'refresh-vae',
  'refresh-loras',
  'refresh-embeddings',
];
const missing = {
  interrogate: 'There is no interrogator on this server: pictures are not described',
  'extra-single-image': 'There are no upscalers on this server: pictures are not enlarged',
  'extra-batch-images': 'There are no upscalers on this server: pictures are not enlarged',
};
const read = ['GET', 'HEAD'];

/** Addresses of these routes and the verbs they know. */
export const commandPaths: Readonly<Record<string, readonly string[]>> = {
  '/sdapi/v1/progress': read,
  ...Object.fromEntries(
    [...done, 'unload-checkpoint', 'reload-checkpoint', ...Object.keys(missing)].map((name) => [
      `/sdapi/v1/${name}`,
      ['POST'],
    ]),
  ),
};

/** What a key's oldest call is at, and the end of it; nobody else's is ever seen or touched. */
export function commandRoutes(app: FastifyInstance, { producer }: Gateway): void {
  const { redis } = producer;
  const current = async (owner: string): Promise<IteratedCall | undefined> =>
    (await listCalls(redis, owner))[0];

  app.get<{ Querystring: { skip_current_image?: string } }>(
    '/sdapi/v1/progress',
    async ({ owner, query }) => {
      const call = await current(owner);
      if (call === undefined) return idle;
      const skipsImage = /^(?:true|1|yes|on)$/i.test(String(query.skip_current_image ?? ''));
      const [record, progress, preview] = await Promise.all([
        producer.read(call.request),
        readProgress(redis, call.request),
        skipsImage ? undefined : readPreview(redis, call.request),
      ]);
      const { sample = 0, samples = 1, step = 0, steps = 0 } = progress ?? {};
      const [at, of] = [sample * steps + step, samples * steps];
      const isRunning = record?.status === 'PROCESSING' || call.iteration > 0;
      const share = isRunning
        ? Math.min(1, 0.01 + (call.iteration + (of > 0 ? at / of : 0)) / call.iterations)
        : 0;
      const elapsed = (Date.now() - call.since) / 1000;
      return {
        progress: share,
        eta_relative: share > 0 ? elapsed / share - elapsed : 0,
        state: {
          ...idle.state,
          job: `scripts_${call.operation}`,
          job_count: call.iterations,
          job_timestamp: timestamp(call.since),
          job_no: call.iteration,
          sampling_step: at,
          sampling_steps: of,
        },
        current_image: preview ? (await convertPreview(preview, 'png')).toString('base64') : null,
        textinfo: record?.status === 'QUEUED' ? 'Waiting for a worker' : null,
      } satisfies ResponseBody<'A1111Progress'>;
    },
  );

  app.post('/sdapi/v1/interrupt', async ({ owner }) => {
    const call = await current(owner);
    if (call === undefined) return {};
    await stopCall(redis, owner, call.id);
    await producer.cancel(call.request);
    return {};
  });
  app.post('/sdapi/v1/skip', async ({ owner }) => {
    const call = await current(owner);
    if (call !== undefined) await producer.cancel(call.request);
    return {};
  });
  // Workers see by themselves what has come into their models folder, and exchange checkpoints by themselves.
  for (const name of [...done.slice(2), 'unload-checkpoint', 'reload-checkpoint'])
    app.post(`/sdapi/v1/${name}`, async () => ({}));
  for (const [name, why] of Object.entries(missing))
    app.post(`/sdapi/v1/${name}`, async () => {
      throw new ApiError('invalidParameter', why);
    });
}

const idle: ResponseBody<'A1111Progress'> = {
  progress: 0,
  eta_relative: 0,
  state: {
    ...{ skipped: false, interrupted: false, stopping_generation: false, job: '', job_count: 0 },
    ...{ job_timestamp: '0', job_no: 0, sampling_step: 0, sampling_steps: 0 },
  },
  current_image: null,
  textinfo: null,
};
