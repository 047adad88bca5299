import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';

export interface MetricsAddress {
  readonly host: string;
  readonly port: number;
}

export interface ServedMetrics {
  /** Where it listens, as a URL. */
  readonly address: string;
  close(): Promise<void>;
}

const plain = Registry.PROMETHEUS_CONTENT_TYPE;
const open = Registry.OPENMETRICS_CONTENT_TYPE;

/**
 * `GET /metrics` and nothing else, on an address of its own: it asks for no key, so that it stays off the
 * public one. In the format that the scraper names first: OpenMetrics 1.0 or Prometheus' text format 0.0.4.
 * @throws where the address is taken.
 */
export async function serveMetrics(
  registry: Registry,
  { host, port }: MetricsAddress,
): Promise<ServedMetrics> {
  // A registry renders one format at a time.
  let rendered: Promise<unknown> = Promise.resolve();
  const render = (type: typeof plain | typeof open): Promise<string> => {
    const text = rendered.then(() => {
      (registry as Registry<typeof plain | typeof open>).setContentType(type);
      return registry.metrics();
    });
    rendered = text.catch(() => undefined);
    return text;
  };
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (path !== '/metrics') return void response.writeHead(404).end('There is only /metrics here\n');
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return void response.writeHead(405, { allow: 'GET, HEAD' }).end();
    const type = request.headers.accept?.includes('application/openmetrics-text') ? open : plain;
    render(type).then(
      (text) => response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(text),
      (error: unknown) => response.writeHead(500).end(`${error instanceof Error ? error.message : error}\n`),
    );
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 10_000;
  await listening(server, host, port);
  const { address, port: taken } = server.address() as { address: string; port: number };
  return {
    address: `http://${address.includes(':') ? `[${address}]` : address}:${taken}/metrics`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'the port is taken' : error.message;
      reject(new Error(`METRICS_PORT="${port}": cannot listen on ${host}: ${reason}`, { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}
