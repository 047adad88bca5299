import { spawnSync } from 'node:child_process';

let bindable: boolean | undefined;

/** Whether setpriv(1) of util-linux with `--pdeathsig` is on the PATH. */
export function canBindToParent(): boolean {
  bindable ??= spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' }).status === 0;
  return bindable;
}

/**
 * The command line whose process gets `signal` from the kernel when its parent dies, even by SIGKILL and even
 * while it is inside native code. The process keeps its pid, its descriptors and its IPC channel. Without
 * setpriv the plain command.
 */
export function boundToParent(
  signal: 'TERM' | 'KILL',
  command: string,
  args: readonly string[],
): [command: string, args: string[]] {
  return canBindToParent()
    ? ['setpriv', ['--pdeathsig', signal, '--', command, ...args]]
    : [command, [...args]];
}
