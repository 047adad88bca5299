import { spawnSync } from 'node:child_process';
import path from 'node:path';

let found: string | false | undefined;

/** The file of setpriv(1) of util-linux, where it is on the PATH and knows `--pdeathsig`. */
function setpriv(): string | false {
  found ??=
    (process.env.PATH ?? '')
      .split(path.delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => path.join(folder, 'setpriv'))
      .find((file) => spawnSync(file, ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' }).status === 0) ??
    false;
  return found;
}

/** Whether setpriv(1) of util-linux with `--pdeathsig` is on the PATH. */
export function canBindToParent(): boolean {
  return setpriv() !== false;
}

/**
 * The command line whose process gets `signal` from the kernel when its parent dies, even by SIGKILL and even
 * while it is inside native code. The process keeps its pid, its descriptors and its IPC channel, and needs
 * no PATH of its own. Without setpriv the plain command.
 */
export function boundToParent(
  signal: 'TERM' | 'KILL',
  command: string,
  args: readonly string[],
): [command: string, args: string[]] {
  const file = setpriv();
  return file === false ? [command, [...args]] : [file, ['--pdeathsig', signal, '--', command, ...args]];
}
