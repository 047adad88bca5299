import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import type { RedisBinary } from './redis-binary.ts';
import { unpackedRedis, unpackRedis } from './unpack-redis.ts';

const names = ['redis-server', 'valkey-server'];

/**
 * Looks on the PATH, then for a copy in the data directory, then gets one: Debian's packages unpacked into
 * the data directory (no root needed), else installed by apt where this is root.
 * @throws with what to install where all of that fails.
 */
export async function findRedis(dataDir: string, say: (line: string) => void): Promise<RedisBinary> {
  const present = onPath() ?? unpackedRedis(dataDir);
  if (present !== undefined) return present;
  say("no redis-server on the PATH: unpacking the distribution's package into the data directory");
  let reason: string;
  try {
    return await unpackRedis(dataDir);
  } catch (error) {
    reason = (error as Error).message;
  }
  if (process.getuid?.() === 0 && commandPath('apt-get') !== undefined) {
    say(`that failed (${reason}): installing redis-server with apt-get`);
    const installed = spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    const binary = onPath();
    if (binary !== undefined) return binary;
    reason = installed.stderr.trim().split('\n').at(-1) ?? reason;
  }
  throw new Error(
    `no Redis found (${reason}). Install one, for example "sudo apt-get install redis-server", or set REDIS_URL`,
  );
}

function onPath(): RedisBinary | undefined {
  const command = names.map(commandPath).find((found) => found !== undefined);
  return command === undefined ? undefined : { command, libraryPath: undefined };
}

/** The executable a shell would run for this name. */
function commandPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return folders
    .map((folder) => path.resolve(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
