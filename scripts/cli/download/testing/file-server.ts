import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServer {
  readonly url: string;
  /** What was asked for so far. */
  readonly requests: { path: string; headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
}

export interface FileServerOptions {
  /** How many bytes the n-th answer carries before its connection breaks; undefined: all. */
  readonly cutAfter?: (answer: number) => number | undefined;
  /** Status of the n-th answer where it is no file. */
  readonly statusOf?: (answer: number) => number | undefined;
  readonly ranges?: boolean;
  readonly etag?: (path: string) => string | undefined;
  /** Where a path is redirected to, and with which headers. */
  readonly redirect?: (path: string) => { location: string; headers?: Record<string, string> } | undefined;
}

/** A local HTTP server for tests of downloads: ranges, If-Range, cut connections, redirects. */
export async function serveFiles(
  files: Readonly<Record<string, Uint8Array>>,
  options: FileServerOptions = {},
): Promise<FileServer> {
  const { cutAfter, statusOf, ranges = true, etag = () => '"v1"', redirect } = options;
  const requests: FileServer['requests'] = [];
  const server = createServer((request, response) => {
    const path = request.url!;
    const answer = requests.push({ path, headers: request.headers }) - 1;
    const elsewhere = redirect?.(path);
    if (elsewhere !== undefined) {
      response.writeHead(302, { location: elsewhere.location, ...elsewhere.headers }).end();
      return;
    }
    const status = statusOf?.(answer) ?? (files[path] === undefined ? 404 : undefined);
    if (status !== undefined) {
      response.writeHead(status).end();
      return;
    }
    const file = files[path]!;
    const tag = etag(path);
    const wanted = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    const isRange = ranges && wanted !== undefined && request.headers['if-range'] === tag;
    const start = isRange ? Number(wanted) : 0;
    if (isRange && start >= file.length) {
      response.writeHead(416, { 'content-range': `bytes */${file.length}` }).end();
      return;
    }
    const body = file.subarray(start);
    response.writeHead(isRange ? 206 : 200, {
      'content-length': body.length,
      ...(tag !== undefined && { etag: tag }),
      ...(isRange && { 'content-range': `bytes ${start}-${file.length - 1}/${file.length}` }),
    });
    const cut = cutAfter?.(answer);
    if (cut === undefined) response.end(body);
    else response.write(body.subarray(0, cut), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
