import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Ready, Run, Work } from './work.ts';

/**
 * One of the compared programs, loaded: a process that makes its output once for every `run` line on its
 * input.
 */
export interface Side {
  readonly ready: Ready;
  run(): Promise<Run>;
  end(): Promise<void>;
}

export interface SideOptions {
  readonly command: readonly [string, ...string[]];
  readonly environment?: NodeJS.ProcessEnv;
  readonly work: Work;
  /** File for what it makes. */
  readonly output: string;
  /** What the other side says when it is ready, where this one needs it. */
  readonly tokens?: Ready['tokens'];
  /** It is killed after this long. */
  readonly limitMs?: number;
}

/**
 * Starts a side and resolves when it has loaded.
 * @throws Error with its name when it ends early; its errors go to stderr.
 */
export async function startSide({
  command,
  environment,
  work,
  output,
  tokens,
  limitMs,
}: SideOptions): Promise<Side> {
  const [file, ...args] = command;
  const child = spawn(file, [...args, JSON.stringify({ ...work, output, tokens })], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const limit = limitMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), limitMs);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'exit').then(([code, signal]) => {
    clearTimeout(limit);
    return signal === null
      ? `code ${code}`
      : `${signal}${limitMs === undefined ? '' : ` (limit ${limitMs / 1000} s)`}`;
  });
  /** Libraries print what they like; only lines that are JSON objects are answers. */
  const answer = async (): Promise<unknown> => {
    for (let line = await lines.next(); line.done !== true; line = await lines.next())
      if (line.value.startsWith('{')) return JSON.parse(line.value);
    throw new Error(`${command.join(' ')} ended with ${await ended}`);
  };
  const ready = (await answer()) as Ready;
  return {
    ready,
    run: async () => {
      child.stdin.write('run\n');
      return (await answer()) as Run;
    },
    end: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
