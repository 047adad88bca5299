import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A server that speaks as much of S3's protocol as a store of results does. It checks every signature as
 * "Signature Version 4" is described in the S3 API reference (sig-v4-header-based-auth and
 * sigv4-query-string-auth), and the SHA-256 of what it is sent.
 */
export interface S3Server {
  readonly url: string;
  /** What it keeps, by `/bucket/key`. */
  readonly objects: Map<string, { readonly bytes: Buffer; readonly contentType: string }>;
  /** Answers this instead of serving; `cut` ends the connection in the middle of a body. */
  trouble: { readonly status: number; readonly code: string } | 'cut' | undefined;
  close(): Promise<void>;
}

export const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCY' };
export const region = 'eu-central-1';

export async function startS3Server(sessionToken?: string): Promise<S3Server> {
  const server = createServer((request, response) => void serve(request, response));
  const own: S3Server = {
    url: '',
    objects: new Map(),
    trouble: undefined,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const refuse = (status: number, code: string) =>
      response.writeHead(status).end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
    if (own.trouble === 'cut') {
      if (request.method !== 'GET') return void request.once('data', () => request.socket.destroy());
      response.writeHead(200, { 'content-length': 1000 }).write('half');
      return void setTimeout(() => request.socket.destroy(), 5);
    }
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
    if (own.trouble) return void refuse(own.trouble.status, own.trouble.code);
    const url = new URL(request.url!, own.url);
    const sent = request.headers['x-amz-content-sha256'];
    if (sent !== undefined && sent !== sha256(body)) return void refuse(400, 'XAmzContentSHA256Mismatch');
    if (tokenOf(request, url) !== sessionToken) return void refuse(403, 'InvalidToken');
    if (!isSigned(request, url)) return void refuse(403, 'SignatureDoesNotMatch');
    if (isExpired(url)) return void refuse(403, 'AccessDenied');
    if (!url.pathname.startsWith('/bucket/')) return void refuse(404, 'NoSuchBucket');
    const found = own.objects.get(url.pathname);
    if (request.method === 'PUT') {
      own.objects.set(url.pathname, { bytes: body, contentType: request.headers['content-type'] ?? '' });
      response.writeHead(200).end();
    } else if (request.method === 'DELETE') {
      own.objects.delete(url.pathname);
      response.writeHead(204).end();
    } else if (found === undefined) refuse(404, 'NoSuchKey');
    else response.writeHead(200, { 'content-type': found.contentType }).end(found.bytes);
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(own, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

function tokenOf(request: IncomingMessage, url: URL): string | undefined {
  const header = request.headers['x-amz-security-token'] as string | undefined;
  return header ?? url.searchParams.get('X-Amz-Security-Token') ?? undefined;
}

function isExpired({ searchParams }: URL): boolean {
  const at = searchParams.get('X-Amz-Date')?.replace(/(....)(..)(.....)(..)(.*)/, '$1-$2-$3:$4:$5');
  return at !== undefined && Date.now() > Date.parse(at) + 1000 * Number(searchParams.get('X-Amz-Expires'));
}

/** By the header, or by the query of a signed address. */
function isSigned(request: IncomingMessage, url: URL): boolean {
  const { authorization } = request.headers;
  const query = url.searchParams;
  const [, credential = query.get('X-Amz-Credential') ?? '', names = query.get('X-Amz-SignedHeaders') ?? ''] =
    /Credential=([^,]+), SignedHeaders=([^,]+)/.exec(authorization ?? '') ?? [];
  const given = /Signature=(\w+)/.exec(authorization ?? '')?.[1] ?? query.get('X-Amz-Signature');
  const date = (request.headers['x-amz-date'] as string | undefined) ?? query.get('X-Amz-Date') ?? '';
  const encoded = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const canonical = [
    request.method,
    url.pathname,
    [...query]
      .filter(([name]) => name !== 'X-Amz-Signature')
      .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
      .sort()
      .join('&'),
    ...names.split(';').map((name) => `${name}:${request.headers[name]}`),
    '',
    names,
    request.headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD',
  ].join('\n');
  const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`;
  const day = hmac(`AWS4${credentials.secretAccessKey}`, date.slice(0, 8));
  const key = hmac(hmac(hmac(day, region), 's3'), 'aws4_request');
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n');
  return credential === `${credentials.accessKeyId}/${scope}` && given === hmac(key, text).toString('hex');
}
