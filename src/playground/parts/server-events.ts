import { call } from './api.ts';
import { readEvents, type ServerEvent } from './event-stream.ts';

/**
 * Follows a request's events to its end. Not with EventSource, which cannot send a key in a header.
 * @throws CallFailed as `call`; an error of the network where the stream breaks.
 */
export async function* serverEvents(id: string, signal: AbortSignal): AsyncGenerator<ServerEvent, void> {
  const response = await call(`v2/requests/${id}/events`, { signal });
  yield* readEvents(response.body!);
}
