import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SubPathProxy {
  /** Where it serves the service: `http://127.0.0.1:port/images`. */
  readonly base: string;
  /** Addresses asked for that are not below that path. */
  readonly strays: readonly string[];
  close(): Promise<void>;
}

/**
 * A reverse proxy of one path on a socket, answers streamed as they come.
 * @param upstream address of the service, told once it is there.
 * @param strips whether the service sees addresses without the path.
 */
export async function startSubPathProxy(upstream: () => string, strips: boolean): Promise<SubPathProxy> {
  const subPath = '/images';
  const strays: string[] = [];
  const server = createServer((request, response) => {
    const url = request.url ?? '/';
    const [asked] = url.split('?', 1);
    if (asked !== subPath && !url.startsWith(`${subPath}/`)) {
      strays.push(url);
      response.writeHead(404).end();
      return;
    }
    // As nginx does for a location with a slash behind it.
    if (asked === subPath && strips) {
      response.writeHead(301, { location: `${subPath}/` }).end();
      return;
    }
    const target = new URL(upstream());
    const path = strips ? url.slice(subPath.length) : url;
    const { method, headers } = request;
    const sent = forward({ host: target.hostname, port: target.port, path, method, headers }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    sent.on('error', () => response.destroy());
    request.pipe(sent);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}${subPath}`,
    strays,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
