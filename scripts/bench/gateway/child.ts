import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { boundToParent } from '../../../src/process/bound-process.ts';

/** One that does not end when it is told to is killed after this long. */
const patienceMs = 15_000;

/**
 * Starts a program of its own process and resolves once its output holds `ready`; the returned function ends
 * it, if it still runs.
 */
export async function startChild(
  file: string,
  environment: NodeJS.ProcessEnv,
  ready = 'ready',
  onPid: (pid: number) => void = () => undefined,
): Promise<() => Promise<void>> {
  const child = spawn(...boundToParent('KILL', process.execPath, [path.resolve(import.meta.dirname, file)]), {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  onPid(child.pid!);
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${file} ended with code ${code}`)));
    child.stdout.on('data', (text: Buffer) => {
      if (text.includes(ready)) resolve();
    });
  });
  return async () => {
    child.removeAllListeners('exit');
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.stdin.end();
    child.kill('SIGTERM');
    const patience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    await ended;
    clearTimeout(patience);
  };
}
