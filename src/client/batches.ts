import type { CompletedResult } from './events.ts';
import type { Call } from './http.ts';
import { piecesOf } from './pieces.ts';
import type { Components } from './schemas.ts';

type Schemas = Components['schemas'];

/** One request of a batch: the body of a submit, with where it goes to and a name of one's own. */
export type BatchLine = { readonly custom_id?: string } & (
  | ({ readonly endpoint?: 'sdxl-torch' } & Schemas['sdxl-torch'])
  | ({ readonly endpoint: 'sdxl1.0-txt2img' } & Schemas['sdxl1.0-txt2img'])
  | ({ readonly endpoint: 'sdxl-img2img' } & Schemas['sdxl-img2img'])
);

/** How a line has ended. */
export type BatchResult = Omit<Schemas['BatchResult'], 'result'> & {
  /** Null where it has none, or it is no longer kept. */
  readonly result: CompletedResult | null;
};

/** Many requests in one call. Everything may throw CallFailed. */
export interface Batches {
  /** At most 1,000 lines, or their text as JSON lines; none is taken where one is wrong. */
  submit(
    lines: readonly BatchLine[] | string,
    options?: { readonly idempotencyKey?: string; readonly signal?: AbortSignal },
  ): Promise<Schemas['BatchReply']>;
  /** How far it is. */
  state(id: string): Promise<Schemas['Batch']>;
  /** The lines that have ended by now, in the order of the batch, read as they come; `from` one on. */
  results(
    id: string,
    options?: { readonly from?: number; readonly signal?: AbortSignal },
  ): AsyncGenerator<BatchResult, void>;
  /** Each line once, soon after it has ended, until all have. */
  follow(id: string, options?: FollowOptions): AsyncGenerator<BatchResult, void>;
  /** Ends the lines that have not ended. */
  cancel(id: string): Promise<void>;
}

export interface FollowOptions {
  readonly signal?: AbortSignal;
  /** Hears how far it is each time it is asked for. */
  readonly onState?: (state: Schemas['Batch']) => void;
  /** Milliseconds between questions; a second unless given. */
  readonly pauseMs?: number;
}

export function createBatches(call: Call): Batches {
  const at = (id: string) => `v2/batches/${encodeURIComponent(id)}`;
  const state: Batches['state'] = async (id) => (await (await call(at(id))).json()) as Schemas['Batch'];

  const results: Batches['results'] = async function* (id, { from = 1, signal } = {}) {
    const response = await call(`${at(id)}/results?from=${from}`, signal ? { signal } : {});
    for await (const line of piecesOf(response.body!, '\n'))
      if (line !== '') yield JSON.parse(line) as BatchResult;
  };

  const follow: Batches['follow'] = async function* (id, { signal, onState, pauseMs = 1000 } = {}) {
    const told = new Set<number>();
    let from = 1;
    for (;;) {
      signal?.throwIfAborted();
      const now = await state(id);
      onState?.(now);
      const { completed, failed, cancelled } = now.counts;
      const isOver = now.finished_at !== null;
      if (isOver || completed + failed + cancelled > told.size)
        for await (const result of results(id, { from, ...(signal && { signal }) })) {
          if (told.has(result.line)) continue;
          told.add(result.line);
          yield result;
        }
      while (told.has(from)) from++;
      if (isOver) return;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };

  return {
    ...{ state, results, follow },
    submit: async (lines, { idempotencyKey, signal } = {}) => {
      const answer = await call('v2/batches', {
        method: 'POST',
        headers: {
          'content-type': 'application/jsonl',
          ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
        },
        body: typeof lines === 'string' ? lines : lines.map((line) => JSON.stringify(line)).join('\n'),
        ...(signal && { signal }),
      });
      return (await answer.json()) as Schemas['BatchReply'];
    },
    cancel: async (id) => void (await call(at(id), { method: 'DELETE' })),
  };
}
