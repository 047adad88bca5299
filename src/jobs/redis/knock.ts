import net from 'node:net';
import tls from 'node:tls';
import { type Explanation, explain } from './redis-trouble.ts';

/** Where a client connects to, as ioredis has it in its options. */
export interface Door {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** Of a unix socket. */
  readonly path?: string | undefined;
  readonly tls?: object | undefined;
  readonly username?: string | null | undefined;
  readonly password?: string | null | undefined;
}

const patienceMs = 2000;

const closing: Explanation = {
  reason: 'takes connections but does not answer: is it a Redis, and is it at work?',
  isLasting: false,
};

const atWork: Explanation = { reason: 'answers PING, but ends connections', isLasting: false };
const handingOver: Explanation = {
  reason: 'has ended a connection, as a server does that hands over to another',
  isLasting: false,
};

/** Knocks at one door after another, until one says what is wrong. */
export async function knockAt(doors: readonly Door[]): Promise<Explanation> {
  let explanation = closing;
  for (const door of doors) {
    explanation = await knock(door);
    if (explanation.isLasting) break;
  }
  return explanation === atWork && doors.length > 1 ? handingOver : explanation;
}

/**
 * Knocks at a server that ends or hangs connections without a word, and says what stands behind: the reply
 * to a PING, or that it speaks TLS where it was not asked to, or not where it was.
 */
async function knock(door: Door): Promise<Explanation> {
  const asked = door.tls === undefined ? 'plain' : 'tls';
  const reply = await ask(door, asked);
  if (isRedis(reply)) return explainReply(reply);
  const other = await ask(door, asked === 'plain' ? 'tls, whoever signed it' : 'plain');
  if (asked === 'tls')
    return isRedis(other)
      ? { reason: 'does not speak TLS: redis:// instead of rediss://', isLasting: true }
      : ((reply instanceof Error ? explain(reply) : undefined) ?? closing);
  if (isRedis(other) || (other instanceof Error && /certificate required/i.test(other.message)))
    return { reason: 'speaks TLS: rediss:// instead of redis://', isLasting: true };
  if (reply instanceof Error) return explain(reply) ?? closing;
  return reply === '' ? closing : (explain(new Error('Protocol error, got another reply')) ?? closing);
}

function isRedis(reply: string | Error): reply is string {
  return typeof reply === 'string' && /^[+-]/.test(reply);
}

function explainReply(reply: string): Explanation {
  return reply.startsWith('+') ? atWork : (explain(new Error(reply)) ?? closing);
}

type Way = 'plain' | 'tls' | 'tls, whoever signed it';

function open(door: Door, way: Way): net.Socket {
  const { host = 'localhost', port = 6379, path } = door;
  const socket = path === undefined ? net.connect({ host, port }) : net.connect({ path });
  if (way === 'plain') return socket;
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  const given = door.tls;
  return tls.connect({ ...given, socket, host, rejectUnauthorized: way === 'tls', ...servername });
}

/** What it says to a PING, empty where it ends the connection or says nothing in time. */
function ask(door: Door, way: Way): Promise<string | Error> {
  const { username, password } = door;
  const commands = [...(password ? [['AUTH', ...(username ? [username] : []), password]] : []), ['PING']];
  return new Promise((resolve) => {
    const socket = open(door, way);
    let text = '';
    const end = (reply: string | Error): void => {
      socket.destroy();
      resolve(reply);
    };
    socket.setTimeout(patienceMs, () => end(text));
    socket.once(way === 'plain' ? 'connect' : 'secureConnect', () =>
      socket.write(commands.map(encode).join('')),
    );
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1').slice(0, 500);
      const replies = text.split('\r\n').slice(0, -1);
      if (replies.length < commands.length) return;
      const last = replies[commands.length - 1]!;
      // What is wrong with the password says more than that there is none.
      end(last.startsWith('+') ? last : replies[0]!.startsWith('-') ? replies[0]! : last);
    });
    socket.once('error', (error) => end(text || error));
    socket.once('close', () => end(text));
  });
}

/** As RESP writes a command. */
function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}
