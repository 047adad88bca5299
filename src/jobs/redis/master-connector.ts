import net from 'node:net';
import { setTimeout } from 'node:timers/promises';
import tls, { type ConnectionOptions } from 'node:tls';
import { AbstractConnector } from 'ioredis';
import type { RedisNode } from './redis-address.ts';
import { isRefusal } from './unavailable.ts';

/**
 * A client of several servers needs no more than one connection: to the server that takes the writes of this
 * service now. For a cluster too, as all keys stand in one slot. So what holds of a connection to a single
 * server holds here as well, and outlives a fail-over: commands wait or fail fast, are sent again when an
 * answer was lost, subscriptions come back. (ioredis's own client of a cluster gives a command up after 16
 * tries, and its own of Sentinels writes to the console whenever one of them is away.)
 */

/** What one node of a cluster, or one Sentinel, says. */
export interface View {
  /** The server that takes the writes. */
  readonly master: RedisNode;
  /** Whom to ask next time. */
  readonly nodes: readonly RedisNode[];
}

/** After the first answer others are waited for this long: a node that was cut off knows the past. */
const othersMs = 200;
/** When none knows, they are asked again after this long. */
const pauseMs = 200;

/**
 * For ioredis's option `Connector`.
 * @param seeds whom to ask first; the others become known from them.
 */
export function masterConnector(seeds: readonly RedisNode[], ask: (node: RedisNode) => Promise<View>) {
  return class MasterConnector extends AbstractConnector {
    readonly #tls: ConnectionOptions | undefined;
    #nodes = seeds;

    constructor(options: unknown) {
      const given = options as { readonly disconnectTimeout: number; readonly tls?: ConnectionOptions };
      super(given.disconnectTimeout);
      this.#tls = given.tls;
    }

    /** A server that was replaced meanwhile is not used, whatever it takes. */
    override check(info: { readonly role?: string }): boolean {
      return info.role === undefined || info.role === 'master';
    }

    override async connect(emit: (type: string, error: Error) => void): Promise<net.Socket> {
      this.connecting = true;
      for (;;) {
        const found = await findMaster(this.#nodes, ask);
        if (!this.connecting) throw new Error('Connection is closed.');
        if (!(found instanceof Error)) {
          // The seeds may be names that outlive every server.
          this.#nodes = unique([...seeds, ...found.nodes]);
          return this.#open(found.master);
        }
        emit('error', found);
        await setTimeout(pauseMs);
      }
    }

    #open({ host, port }: RedisNode): net.Socket {
      const secured = this.#tls;
      const socket =
        secured === undefined ? net.connect({ host, port }) : tls.connect({ ...secured, host, port });
      this.stream = socket;
      socket.once('error', (error) => {
        this.firstError = error;
      });
      return socket;
    }
  };
}

function unique(nodes: readonly RedisNode[]): RedisNode[] {
  return [...new Map(nodes.map((node) => [`${node.host} ${node.port}`, node])).values()];
}

/** The server that most of those who answer in time name; an error where none can. */
async function findMaster(
  nodes: readonly RedisNode[],
  ask: (node: RedisNode) => Promise<View>,
): Promise<View | Error> {
  const views: View[] = [];
  const errors: Error[] = [];
  const heard = Promise.withResolvers<void>();
  const asked = nodes.map(async (node) => {
    try {
      views.push(await ask(node));
      heard.resolve();
    } catch (error) {
      errors.push(error as Error);
    }
  });
  await Promise.race([Promise.all(asked), heard.promise.then(() => setTimeout(othersMs))]);
  const votes = Map.groupBy(views, ({ master }) => `${master.host} ${master.port}`);
  const [most] = [...votes.values()].sort((a, b) => b.length - a.length);
  // What one says is worth more than that another is away.
  return most?.[0] ?? errors.find(isRefusal) ?? errors[0] ?? new Error('nobody answers');
}
