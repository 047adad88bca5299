import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { resultBody, statusBody } from '../../contract/answers/responses.ts';
import { readBalance } from '../../jobs/keys/credits.ts';
import type { Producer } from '../../jobs/producer.ts';
import type { RequestEvent } from '../../jobs/records/watch.ts';
import type { Gateway } from '../gateway.ts';
import { baseUrl } from '../http/base-url.ts';
import { clientGone } from '../http/client-gone.ts';
import { type ById, findRequest } from './find-request.ts';

/**
 * `GET /v2/requests/{id}/events`: server-sent events (WHATWG HTML, section 9.2) from how the request stands
 * now to its end. A client that reconnects is told the present state again; nothing has to be resumed.
 */
export function eventRoutes(app: FastifyInstance, { producer, settings }: Gateway): void {
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());

  app.get('/v2/requests/:id/events', { exposeHeadRoute: false }, async (request: ById, reply) => {
    const { id } = await findRequest(producer, request);
    const signal = AbortSignal.any([clientGone(reply), closing.signal]);
    const events = producer.watch(id, signal, settings.heartbeatMs);
    const base = baseUrl(request, settings.publicUrl);
    return reply
      .type('text/event-stream')
      .header('cache-control', 'no-cache, no-transform')
      .header('x-accel-buffering', 'no')
      .send(Readable.from(serverSentEvents(producer, base, events)));
  });
}

async function* serverSentEvents(
  producer: Producer,
  base: string,
  events: AsyncGenerator<RequestEvent, void>,
): AsyncGenerator<string, void> {
  for await (const event of events) yield await messageOf(producer, base, event);
}

/** The bodies are those of the polling addresses; base64 of finished pictures is left to them. */
async function messageOf(producer: Producer, base: string, event: RequestEvent): Promise<string> {
  switch (event.type) {
    case 'position':
      return message('position', { position: event.position });
    case 'progress':
      return message('progress', event.progress);
    case 'preview':
      return message('preview', { image: `data:image/jpeg;base64,${event.jpeg.toString('base64')}` });
    case 'heartbeat':
      return ': still here\n\n';
    case 'state': {
      const { record } = event;
      if (record.status === 'FAILED') return message('failed', statusBody(base, record));
      if (record.status !== 'COMPLETED') return message('status', statusBody(base, record));
      const { remaining } = await readBalance(producer.redis, record.owner);
      return message('done', resultBody(base, record, remaining));
    }
  }
}

function message(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
