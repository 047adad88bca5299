import { execFile } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { RedisBinary } from './redis-binary.ts';

const run = promisify(execFile);

/** Libraries of the C runtime must be the machine's own: a second version of them does not load. */
const ofTheSystem = /^lib(?:c6|c-bin|gcc|crypt1)\b/;

/** The copy that `unpackRedis` left in the data directory. */
export function unpackedRedis(dataDir: string): RedisBinary | undefined {
  return binaryIn(path.join(dataDir, 'redis-dist'));
}

/**
 * Downloads Debian's or Ubuntu's redis-server with the libraries this machine lacks and unpacks them below
 * the data directory: apt checks the signatures as always but needs no root when its folders are ours, and
 * dpkg-deb unpacks without installing.
 * @throws where apt-get or dpkg-deb is missing or fails, or where the unpacked server does not run.
 */
export async function unpackRedis(dataDir: string): Promise<RedisBinary> {
  const work = await mkdtemp(path.join(dataDir, 'redis-unpack-'));
  try {
    const [lists, cache, debs, root] = ['lists', 'cache', 'debs', 'root'].map((name) =>
      path.join(work, name),
    ) as [string, string, string, string];
    for (const folder of [path.join(lists, 'partial'), path.join(cache, 'archives/partial'), debs, root])
      await mkdir(folder, { recursive: true });
    const options = [
      ...['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${cache}`],
      // As root apt would download as a user who may not enter these folders; without root there is nothing
      // to lock.
      ...['-o', 'APT::Sandbox::User=', '-o', 'Debug::NoLocking=true', '-qq'],
    ];
    await execute('apt-get', [...options, 'update'], work);
    const simulated = await execute(
      'apt-get',
      [...options, '-s', 'install', '--no-install-recommends', 'redis-server'],
      work,
    );
    const missing = [...simulated.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]!);
    const libraries = missing.filter((name) => name.startsWith('lib') && !ofTheSystem.test(name));
    await execute('apt-get', [...options, 'download', 'redis-server', 'redis-tools', ...libraries], debs);
    for (const deb of globSync(path.join(debs, '*.deb'))) await execute('dpkg-deb', ['-x', deb, root], work);

    const binary = binaryIn(root);
    if (binary === undefined) throw new Error('the packages hold no redis-server');
    await run(binary.command, ['--version'], {
      env: { ...process.env, LD_LIBRARY_PATH: binary.libraryPath },
    });
    const home = path.join(dataDir, 'redis-dist');
    await rm(home, { recursive: true, force: true });
    await rename(root, home);
    return binaryIn(home)!;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function binaryIn(root: string): RedisBinary | undefined {
  const command = path.join(root, 'usr/bin/redis-server');
  if (!existsSync(command)) return undefined;
  const libraries = globSync(['usr/lib/*.so*', 'usr/lib/*/*.so*', 'lib/*/*.so*'], { cwd: root });
  const folders = new Set(libraries.map((library) => path.join(root, path.dirname(library))));
  return { command, libraryPath: [...folders].join(':') };
}

/** @throws with the last line of what the command complained about. */
async function execute(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    return (
      await run(command, args, { cwd, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, LC_ALL: 'C' } })
    ).stdout;
  } catch (error) {
    const { stderr, message, code } = error as Error & { stderr?: string; code?: unknown };
    if (code === 'ENOENT') throw new Error(`${command} is missing`);
    throw new Error(`${command}: ${stderr?.trim().split('\n').at(-1) || message}`);
  }
}
