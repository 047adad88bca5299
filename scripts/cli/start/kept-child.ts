import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { boundToParent } from '../../../src/process/bound-process.ts';
import { readableLine } from './child-output.ts';

export interface ChildDescription {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Lines of output that nobody needs to see. */
  readonly noise?: RegExp;
  /** Inherited as descriptor 3 and held until the child ends. */
  readonly lockDescriptor: number;
}

export interface ChildEvents {
  /** A line of output, with the child's name before it. */
  readonly onLine: (line: string) => void;
  readonly onStart: (pid: number) => void;
  /** It ended unasked; true to start it again. */
  readonly onEnd: (how: string) => boolean;
}

/** A child process that is started again when it ends unasked. */
export interface KeptChild {
  /** SIGTERM, and SIGKILL after that time. */
  stop(patienceMs: number): Promise<void>;
  kill(): void;
}

const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** A child that lasted this long starts again without a growing pause. */
const steadyMs = 60_000;

/**
 * Starts a child in a session of its own, so that the Ctrl-C of a terminal reaches only the launcher, which
 * then stops the children in order; bound to the launcher, so that it gets SIGTERM even when the launcher is
 * killed.
 */
export function keepRunning(description: ChildDescription, events: ChildEvents): KeptChild {
  const { name, env, noise, lockDescriptor } = description;
  let child: ChildProcess;
  let stopping = false;
  let restart: NodeJS.Timeout | undefined;
  let pauseMs = firstPauseMs;

  const start = (): void => {
    const [command, args] = boundToParent('TERM', description.command, description.args);
    const started = performance.now();
    const current = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe', lockDescriptor],
      detached: true,
      ...(env !== undefined && { env }),
    });
    child = current;
    for (const stream of [current.stdout!, current.stderr!])
      createInterface({ input: stream }).on('line', (line) => {
        if (noise?.test(line)) return;
        for (const part of readableLine(line).split('\n')) events.onLine(`${name.padEnd(7)} | ${part}`);
      });
    if (current.pid !== undefined) events.onStart(current.pid);
    current.once('error', (error) => onEnd(error.message));
    current.once('exit', (code, signal) => onEnd(signal === null ? `exit code ${code}` : `signal ${signal}`));
    const onEnd = (how: string): void => {
      if (stopping || !events.onEnd(how)) return;
      if (performance.now() - started > steadyMs) pauseMs = firstPauseMs;
      restart = setTimeout(start, pauseMs);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    };
  };
  start();

  return {
    stop: async (patienceMs) => {
      stopping = true;
      clearTimeout(restart);
      const running = child;
      if (running.pid === undefined || running.exitCode !== null || running.signalCode !== null) return;
      const ended = once(running, 'exit');
      const patience = setTimeout(() => running.kill('SIGKILL'), patienceMs);
      running.kill('SIGTERM');
      await ended;
      clearTimeout(patience);
    },
    kill: () => {
      stopping = true;
      clearTimeout(restart);
      child.kill('SIGKILL');
    },
  };
}
