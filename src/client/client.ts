import { type Batches, createBatches } from './batches.ts';
import { type CompletedResult, type RequestEvent, readEvents } from './events.ts';
import { type Call, CallFailed, type ClientOptions, createCall, jsonBody } from './http.ts';
import type { Components } from './schemas.ts';

type Schemas = Components['schemas'];

/** Where requests are submitted to, with the fields of each. */
export interface Bodies {
  'sdxl-torch': Schemas['sdxl-torch'];
  'sdxl1.0-txt2img': Schemas['sdxl1.0-txt2img'];
  /** Its picture may be given apart, as bytes. */
  'sdxl-img2img': Omit<Schemas['sdxl-img2img'], 'image'> & { image?: string };
}

export type EndpointName = keyof Bodies;

/** A request that came to nothing. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  readonly requestId: string;

  constructor(requestId: string, message: string) {
    super(message);
    this.requestId = requestId;
  }
}

export interface SubmitOptions {
  /** The same key and body are the same request, however often they are sent. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
}

export interface WaitOptions {
  readonly signal?: AbortSignal;
  /** Hears of each event on the way. */
  readonly onEvent?: (event: RequestEvent) => void;
}

/** The service, from a browser or Node. Everything may throw CallFailed. */
export interface Client {
  /** Submits and waits. @throws RequestFailed */
  run<Name extends EndpointName>(
    endpoint: Name,
    body: Bodies[Name],
    options?: SubmitOptions & WaitOptions,
  ): Promise<CompletedResult>;
  /** Queues a request. */
  submit<Name extends EndpointName>(
    endpoint: Name,
    body: Bodies[Name],
    options?: SubmitOptions,
  ): Promise<Schemas['SubmitReply']>;
  /** Queues image to image with the bytes of a JPEG, PNG or WebP, sent as they are. */
  upload(
    picture: Blob | Uint8Array<ArrayBuffer>,
    body: Bodies['sdxl-img2img'],
    options?: SubmitOptions,
  ): Promise<Schemas['SubmitReply']>;
  /** How a request stands; one that has failed too. */
  status(id: string): Promise<Schemas['Status'] | Schemas['Failed']>;
  /**
   * Follows a request to its end; a stream that breaks is taken up again.
   * @throws RequestFailed
   */
  wait(id: string, options?: WaitOptions): Promise<CompletedResult>;
  /** What happens to a request, from how it stands to its end. */
  events(id: string, signal?: AbortSignal): AsyncGenerator<RequestEvent, void>;
  /** Ends a request that waits or runs. */
  cancel(id: string): Promise<void>;
  /** What text to image takes as `model` and image to image as `base_model`, with defaults and ranges. */
  models(): Promise<readonly Schemas['OpenAiModel'][]>;
  /** What requests may name in `loras`, and the files that cannot be used. */
  loras(): Promise<Schemas['Adapters']>;
  /** The embeddings that prompts may name, and the files that cannot be used. */
  embeddings(): Promise<Schemas['Adapters']>;
  /** Solvers and schedules for `sampler` and `schedule`. */
  samplers(): Promise<Schemas['Samplers']>;
  /** The bytes of a picture of a result; by this client's own way to the server. */
  picture(url: string): Promise<Blob>;
  /** Many requests in one call. */
  readonly batches: Batches;
  /** Anything else, by its path without a slash in front. */
  readonly call: Call;
}

/** Pauses between attempts to follow a request whose stream has broken. */
const pausesMs = [250, 500, 1000, 2000, 4000];

export function createClient(options: ClientOptions): Client {
  const call = createCall(options);
  const json = async <Answer>(answer: Promise<Response>): Promise<Answer> =>
    (await (await answer).json()) as Answer;

  const sent = ({ idempotencyKey, signal }: SubmitOptions, init: RequestInit): RequestInit => ({
    ...init,
    headers: {
      ...(init.headers as Record<string, string> | undefined),
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    },
    ...(signal && { signal }),
  });

  const submit: Client['submit'] = (endpoint, body, own = {}) =>
    json(call(`v2/${endpoint}`, sent(own, jsonBody(body))));

  const events: Client['events'] = async function* (id, signal) {
    const response = await call(`v2/requests/${id}/events`, signal ? { signal } : {});
    yield* readEvents(response.body!) as AsyncGenerator<RequestEvent, void>;
  };

  const wait: Client['wait'] = async (id, { signal, onEvent } = {}) => {
    for (let broken = 0; ; broken++) {
      try {
        for await (const event of events(id, signal)) {
          broken = 0;
          onEvent?.(event);
          if (event.name === 'done') return event.data;
          if (event.name === 'failed') throw new RequestFailed(id, event.data.error);
        }
      } catch (error) {
        const isPassing = error instanceof CallFailed ? [0, 502, 503].includes(error.status) : true;
        const isOver = error instanceof RequestFailed || signal?.aborted || broken >= pausesMs.length;
        if (isOver || !isPassing) throw error;
      }
      const pause = pausesMs[Math.min(broken, pausesMs.length - 1)];
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  };

  return {
    ...{ call, submit, events, wait, batches: createBatches(call) },
    run: async (endpoint, body, own = {}) => {
      const { request_id: id } = await submit(endpoint, body, own);
      return await wait(id, own);
    },
    upload: (picture, body, own = {}) => {
      const form = new FormData();
      for (const [name, value] of Object.entries(body))
        if (value !== undefined && value !== null)
          form.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
      form.set('image', picture instanceof Blob ? picture : new Blob([picture]));
      return json(call('v2/sdxl-img2img', sent(own, { method: 'POST', body: form })));
    },
    status: async (id) => {
      try {
        return await json<Schemas['Status']>(call(`v2/requests/${id}/status`));
      } catch (error) {
        // A request that has failed is answered with how it did.
        if (error instanceof CallFailed && error.status === 422) return error.body as Schemas['Failed'];
        throw error;
      }
    },
    models: async () => (await json<Schemas['OpenAiModels']>(call('v1/models'))).data,
    loras: () => json(call('v1/loras')),
    embeddings: () => json(call('v1/embeddings')),
    samplers: () => json(call('v1/samplers')),
    cancel: async (id) => void (await call(`v2/requests/${id}`, { method: 'DELETE' })),
    picture: async (url) => (await call(url.slice(url.indexOf('/outputs/') + 1))).blob(),
  };
}
