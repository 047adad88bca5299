import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import type { Image } from './build.ts';

/**
 * A command in an image as the compose file runs it: mounts of its own, the image's root read-only, a /tmp
 * that all commands of the image share, /proc, user and group 1000, no capabilities, no new privileges. The
 * network is this machine's.
 */
function wrapped(image: Image, command: readonly string[], env: Readonly<Record<string, string>>): string[] {
  const variables = Object.entries({ ...image.environment, ...env }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const script = [
    'set -e',
    'mount --bind "$0" "$0"',
    'mount --bind "$TEMPORARY" "$0/tmp"',
    'mount -t proc proc "$0/proc"',
    'mount --rbind /dev "$0/dev"',
    'mount -o remount,ro,bind "$0"',
    `exec chroot "$0" setpriv --reuid 1000 --regid 1000 --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all \
env -i --chdir="$DIRECTORY" "$@"`,
  ].join('\n');
  return ['unshare', '--mount', 'sh', '-c', script, image.folder, ...variables, ...command];
}

const outside = ({ workDirectory, temporary }: Image) => ({
  PATH: process.env.PATH,
  DIRECTORY: workDirectory,
  TEMPORARY: temporary,
});

/** What a command prints. @throws Error with its standard error where it fails. */
export function inImage(
  image: Image,
  command: readonly string[],
  env: Readonly<Record<string, string>>,
): string {
  const [program, ...args] = wrapped(image, command, env);
  return execFileSync(program!, args, {
    env: outside(image),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The image's own command; its output is shown where it complains. */
export function startIn(image: Image, env: Readonly<Record<string, string>>): ChildProcess {
  const [program, ...args] = wrapped(image, image.command, env);
  return spawn(program!, args, { env: outside(image), stdio: ['ignore', 'ignore', 'inherit'] });
}
