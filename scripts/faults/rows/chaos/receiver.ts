import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import type { Submitted } from '../../client.ts';

/** Where webhooks are told. */
export interface Receiver extends AsyncDisposable {
  readonly url: string;
  /** For the gateways. */
  readonly environment: NodeJS.ProcessEnv;
  /** Those that asked for a webhook and were not told of, after waiting for it. */
  missing(requests: readonly Submitted[], patienceMs: number): Promise<Submitted[]>;
}

export async function startReceiver(): Promise<Receiver> {
  const heard = new Set<string>();
  const server = http.createServer(async (request, response) => {
    const { data } = (await json(request)) as { data: { request_id: string } };
    heard.add(data.request_id);
    response.writeHead(204).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    environment: {
      WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
      WEBHOOK_URL_ALLOW: `127.0.0.1:${port}`,
    },
    missing: async (requests, patienceMs) => {
      const until = performance.now() + patienceMs;
      const untold = () => requests.filter(({ id, webhook }) => webhook === true && !heard.has(id));
      while (untold().length > 0 && performance.now() < until) await setTimeout(200);
      return untold();
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
