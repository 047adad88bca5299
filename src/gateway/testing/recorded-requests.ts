import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { picture } from './service.ts';

/**
 * Requests as programs of others send them, read in their sources or recorded on the wire: `recorded/*.json`.
 * Facts of each program stand there with the repository, file and commit they come from.
 */
export interface RecordedClient {
  readonly client: string;
  /** owner/name at GitHub; `file` within it, `commit` of that file's version. */
  readonly repository: string;
  readonly file: string;
  readonly commit: string;
  /** How its key is sent; a bearer token unless told otherwise. */
  readonly key?: 'bearer' | 'basic' | 'x-api-key';
  readonly requests: readonly RecordedRequest[];
}

export interface RecordedRequest {
  /** What the program does, in words for a test's title. */
  readonly case: string;
  /** GET where there is no body, POST where there is one. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** "PNG" and "PNG_DATA_URI" in it stand for a small picture in base64. */
  readonly json?: unknown;
  readonly form?: readonly (TextPart | FilePart)[];
  /** A body of any type, in base64. */
  readonly raw?: { readonly contentType: string; readonly base64: string };
  /** Of the answer; 200 unless told otherwise. */
  readonly status?: number;
  /** What the program reads of the answer, by path: `data.0.url`. It must be there. */
  readonly reads: readonly string[];
  readonly equals?: Readonly<Record<string, unknown>>;
  /** Where the answer is a stream of events: the last one's type, and what is read of each one's data. */
  readonly events?: { readonly last: string; readonly reads: readonly string[] };
}

interface TextPart {
  readonly name: string;
  readonly value: string;
}

/** A small picture; its bytes are a PNG's whatever is said of them. */
interface FilePart {
  readonly name: string;
  readonly filename: string;
  readonly type: string;
}

const folder = path.join(import.meta.dirname, 'recorded');

/** All of them, each client's file by its name. */
export function recordedClients(): Map<string, RecordedClient> {
  const names = globSync('*.json', { cwd: folder }).sort();
  return new Map(
    names.map((name) => [name, JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as RecordedClient]),
  );
}

/**
 * Sends a request as it was recorded, to a server on a socket, and holds the answer to what its client reads.
 */
export async function replay(
  base: string,
  apiKey: string,
  client: Pick<RecordedClient, 'key'>,
  request: RecordedRequest,
): Promise<void> {
  const { contentType, body } = await bodyOf(request);
  const response = await fetch(base + request.path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...request.headers,
      ...keyHeader(client.key ?? 'bearer', apiKey),
      ...(contentType && { 'content-type': contentType }),
    },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  assert.equal(response.status, request.status ?? 200, text.slice(0, 500));
  if (request.events !== undefined) return assertEvents(text, request.events);
  const answer = JSON.parse(text) as unknown;
  for (const place of request.reads) assertThere(answer, place);
  for (const [place, value] of Object.entries(request.equals ?? {}))
    assert.deepEqual(at(answer, place), value);
}

function keyHeader(how: 'bearer' | 'basic' | 'x-api-key', key: string): Record<string, string> {
  if (how === 'x-api-key') return { 'x-api-key': key };
  if (how === 'bearer') return { authorization: `Bearer ${key}` };
  return { authorization: `Basic ${Buffer.from(`user:${key}`).toString('base64')}` };
}

async function bodyOf({
  json,
  form,
  raw,
}: RecordedRequest): Promise<{ contentType?: string; body?: NonNullable<RequestInit['body']> }> {
  if (raw !== undefined) return { contentType: raw.contentType, body: Buffer.from(raw.base64, 'base64') };
  if (json !== undefined) {
    const png = (await picture(64, 64)).toString('base64');
    const text = JSON.stringify(json)
      .replaceAll('"PNG"', `"${png}"`)
      .replaceAll('"PNG_DATA_URI"', `"data:image/png;base64,${png}"`);
    return { contentType: 'application/json', body: text };
  }
  if (form === undefined) return {};
  const body = new FormData();
  for (const part of form)
    if ('value' in part) body.append(part.name, part.value);
    else {
      const file = new Blob([new Uint8Array(await picture(64, 64))], { type: part.type });
      body.append(part.name, file, part.filename);
    }
  return { body };
}

function assertEvents(text: string, { last, reads }: NonNullable<RecordedRequest['events']>): void {
  const data = [...text.matchAll(/^data: (.*)$/gm)].map(([, json]) => JSON.parse(json!) as unknown);
  for (const each of data) for (const place of reads) assertThere(each, place);
  assert.equal(at(data.at(-1), 'type'), last);
}

function assertThere(answer: unknown, place: string): void {
  const value = at(answer, place);
  assert.ok(value !== undefined && value !== null && value !== '', `${place} is not in the answer`);
}

function at(value: unknown, place: string): unknown {
  return place
    .split('.')
    .reduce<unknown>((part, name) => (part as Record<string, unknown> | undefined)?.[name], value);
}
