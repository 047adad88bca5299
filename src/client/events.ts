import { piecesOf } from './pieces.ts';
import type { Components } from './schemas.ts';

type Schemas = Components['schemas'];

/** What is told of a request on its way; `done` and `failed` are the last. */
export type RequestEvent =
  | { readonly name: 'status'; readonly data: Schemas['Status'] }
  | { readonly name: 'position'; readonly data: { readonly position: number } }
  | { readonly name: 'progress'; readonly data: Progress }
  /** A small JPEG of the picture on its way, as a data URI. */
  | { readonly name: 'preview'; readonly data: { readonly image: string } }
  | { readonly name: 'done'; readonly data: CompletedResult }
  | { readonly name: 'failed'; readonly data: Schemas['Failed'] };

/** Step k of n of a running sample. */
export interface Progress {
  readonly sample: number;
  readonly samples: number;
  readonly step: number;
  readonly steps: number;
}

/** The result of a request that has made its pictures. */
export type CompletedResult = Extract<Schemas['Result'], { status: 'COMPLETED' }>;

/**
 * Messages of an event stream (WHATWG HTML, section 9.2), as far as this server writes them: one line of data
 * each.
 */
export async function* readEvents(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<{ readonly name: string; readonly data: unknown }, void> {
  for await (const message of piecesOf(stream, '\n\n')) {
    const name = /^event: (.*)$/m.exec(message)?.[1];
    const data = /^data: (.*)$/m.exec(message)?.[1];
    if (name !== undefined && data !== undefined) yield { name, data: JSON.parse(data) as unknown };
  }
}
