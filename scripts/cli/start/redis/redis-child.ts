import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { withoutSecrets } from '../../../../src/process/mask-secrets.ts';
import type { ChildDescription } from '../kept-child.ts';
import type { RedisBinary } from './redis-binary.ts';

/** Longest path of a unix socket, without the final zero byte (unix(7)). */
const longestSocketPath = 107;

/** What every start and stop of a healthy server says, even at log level warning. */
const noise =
  /oO0OoO0OoO0Oo|just started|Configuration loaded|Server initialized|overcommit|shutdown|Removing the unix socket|ready to exit/;

/**
 * Size of the append-only file from which it is rewritten. Redis's own 64 MB are a minute's pictures, of
 * which none has expired: a rewrite would keep them all, and take its time from the requests beside it.
 */
const rewriteFrom = '256mb';

/** Share of the machine's memory, within bounds; pictures of an hour live there. */
function memoryCap(): number {
  const total = Math.min(os.totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  return Math.round(Math.min(Math.max(total / 4, 256 * 2 ** 20), 16 * 2 ** 30));
}

/** A folder that only this user can enter, with a path short enough for a socket. */
async function socketDirectory(): Promise<string> {
  const places = [process.env.XDG_RUNTIME_DIR, os.tmpdir(), '/tmp'];
  for (const place of places) {
    if (
      place === undefined ||
      Buffer.byteLength(path.join(place, 'sdxl-XXXXXX/redis.sock')) > longestSocketPath
    )
      continue;
    try {
      return await mkdtemp(path.join(place, 'sdxl-'));
    } catch {
      // Not writable for this user; the next place may be.
    }
  }
  throw new Error(`no folder for the Redis socket: ${places.filter(Boolean).join(', ')} cannot be written`);
}

/**
 * How to run the private Redis: reachable through a unix socket by this user alone, everything acknowledged
 * on disk within a second, nothing ever evicted.
 */
export async function redisChild(
  binary: RedisBinary,
  dataDir: string,
): Promise<{
  url: string;
  child: Omit<ChildDescription, 'lockDescriptor'>;
  removeSocket: () => Promise<void>;
}> {
  const data = path.join(dataDir, 'redis');
  await mkdir(data, { recursive: true, mode: 0o700 });
  // Where scripts/cli/keys.ts finds the socket. It survives a killed start, whose socket folder goes now.
  const urlFile = path.join(dataDir, 'redis-url');
  const leftover = /^unix:(.*\/sdxl-\w{6})\/redis\.sock$/.exec(
    await readFile(urlFile, 'utf8').catch(() => ''),
  );
  if (leftover !== null) await rm(leftover[1]!, { recursive: true, force: true });
  const directory = await socketDirectory();
  const socket = path.join(directory, 'redis.sock');
  const url = `unix:${socket}`;
  await writeFile(urlFile, url);
  return {
    url,
    child: {
      name: 'redis',
      command: binary.command,
      args: [
        ...['--port', '0', '--unixsocket', socket, '--unixsocketperm', '700', '--dir', data],
        ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''],
        ...['--auto-aof-rewrite-min-size', rewriteFrom],
        ...['--maxmemory', String(memoryCap()), '--maxmemory-policy', 'noeviction', '--loglevel', 'warning'],
      ],
      noise,
      env: {
        ...withoutSecrets(process.env),
        ...(binary.libraryPath !== undefined && { LD_LIBRARY_PATH: binary.libraryPath }),
      },
    },
    removeSocket: async () => {
      await rm(directory, { recursive: true, force: true });
      await rm(urlFile, { force: true });
    },
  };
}
