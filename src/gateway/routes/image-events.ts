import type { ApiError } from '../../contract/errors.ts';
import { openAiFailure, openAiFailureOf } from '../../contract/openai/error.ts';
import {
  completedEvents,
  type FinishedImages,
  isPartialDue,
  partialImageEvent,
} from '../../contract/openai/reply.ts';
import type { OpenAiAnswer } from '../../contract/openai/translate.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import { convertPreview } from '../../images/encode-image.ts';
import type { RequestEvent } from '../../jobs/records/watch.ts';
import { toApiError } from '../http/errors.ts';

export interface ImageEventParts {
  /** What is heard of the request; ends early where its client need not wait any longer. */
  readonly events: AsyncGenerator<RequestEvent, void>;
  readonly answer: OpenAiAnswer;
  /** Reads what a COMPLETED request is answered with. */
  readonly finish: (record: RequestRecord) => Promise<FinishedImages>;
  /** What is said where the events end before the request does. */
  readonly late: () => ApiError;
}

/**
 * A request's way to its end in the events of OpenAI's Images API: small pictures, then the finished ones or
 * an error. The status of the answer has long been sent.
 */
export async function* imageEvents(parts: ImageEventParts): AsyncGenerator<string, void> {
  try {
    yield* eventsToTheEnd(parts);
  } catch (error) {
    yield failed(toApiError(error));
  }
}

async function* eventsToTheEnd({
  events,
  answer,
  finish,
  late,
}: ImageEventParts): AsyncGenerator<string, void> {
  const most = answer.partialImages ?? 0;
  let sent = 0;
  let shareDone = 0;
  let record: RequestRecord | undefined;
  for await (const event of events) {
    if (event.type === 'heartbeat') yield ': still here\n\n';
    if (event.type === 'state') record = event.record;
    if (event.type === 'progress') {
      const { sample, samples, step, steps } = event.progress;
      shareDone = (sample + step / steps) / samples;
    }
    if (event.type === 'preview' && record !== undefined && isPartialDue(sent, most, shareDone)) {
      const bytes = await convertPreview(event.jpeg, record.request.outputFormat);
      const { name, data } = partialImageEvent(answer, record, bytes, sent++);
      yield message(name, data);
    }
  }
  if (record?.finishedAt === undefined) yield failed(late());
  else if (record.status === 'FAILED')
    yield message('error', openAiFailureOf(answer.model, record.error).body);
  else for (const { name, data } of completedEvents(answer, await finish(record))) yield message(name, data);
}

function failed({ status, message: text, code }: ApiError): string {
  return message('error', openAiFailure(status, text, code).body);
}

function message(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
