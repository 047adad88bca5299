import { type ChildProcess, spawn } from 'node:child_process';
import type { Config } from '../../src/config/config.ts';
import type { GenerationProgress, GenerationRequest } from '../../src/contract/generation.ts';
import { JobError } from '../../src/jobs/job-error.ts';
import type { Log } from '../../src/jobs/log.ts';
import { memoryEnvironment } from '../../src/networks/runtime/memory-environment.ts';
import type { Capabilities, Generated } from '../engine/generator.ts';
import type { EngineFailure, FromEngine, ToEngine } from '../protocol.ts';
import { boundToParent } from './bound-process.ts';

export interface EngineOptions {
  /** Entry file that calls `serveEngine`. */
  readonly engineFile: string;
  readonly config: Config;
  readonly log: Log;
  /** Checkpoints to begin with; by default the first of those served, as many as stay loaded at once. */
  readonly models?: readonly string[];
  /** Checkpoints that are not loaded by then never will be. */
  readonly loadTimeoutMs?: number;
  /** A cancelled run that reaches no end of a step for this long takes its process with it. */
  readonly cancelGraceMs?: number;
}

export interface RunOutcome extends Generated {
  readonly inferenceSeconds: number;
}

/** One engine process with checkpoints loaded. */
export interface EngineProcess {
  readonly pid: number;
  readonly capabilities: Capabilities;
  /** Names of the checkpoints that are loaded now. */
  resident(): ReadonlySet<string>;
  /**
   * Loads checkpoints beside them, while nothing runs.
   * @throws as startEngine; the process has then ended.
   */
  load(models: readonly string[]): Promise<void>;
  readonly loadSeconds: number;
  /** Resolves with how the process ended; never rejects. */
  readonly ended: Promise<string>;
  /**
   * One at a time. @throws JobError when the process ends meanwhile (retryable) or the request is at fault;
   * where the device failed or had no memory, the process has then ended.
   */
  run(
    request: GenerationRequest,
    inputImage: Uint8Array | undefined,
    signal: AbortSignal,
    onProgress: (progress: GenerationProgress, preview?: Uint8Array) => void,
  ): Promise<RunOutcome>;
  /** Ends the process, between steps where it is quick, by SIGKILL otherwise. */
  stop(): Promise<void>;
}

/** @throws with what the engine said, or how it ended, when its checkpoints do not load. */
export async function startEngine(options: EngineOptions): Promise<EngineProcess> {
  const { engineFile, config, log, loadTimeoutMs = 15 * 60_000, cancelGraceMs = 60_000 } = options;
  const [command, args] = boundToParent('KILL', process.execPath, [engineFile]);
  const child = spawn(command, args, {
    env: { ...process.env, ...memoryEnvironment() },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  // A write to an engine that has just died; its end is reported by `ended`.
  child.on('error', (error) => log.warn({ err: error }, 'engine channel error'));
  const ended = endOf(child);
  const send = (message: ToEngine): void => {
    if (child.connected) child.send(message, () => undefined);
  };

  const load = (models: readonly string[] | undefined) => {
    send({ type: 'load', config, models });
    return loaded(child, ended, loadTimeoutMs);
  };
  const { capabilities, loadSeconds, ...first } = await load(options.models);
  let resident = new Set(first.resident);

  let runs = 0;
  const run: EngineProcess['run'] = (request, inputImage, signal, onProgress) => {
    const number = ++runs;
    return new Promise((resolve, reject) => {
      let grace: NodeJS.Timeout | undefined;
      let trouble: Error | undefined;
      const onAbort = (): void => {
        send({ type: 'cancel', run: number });
        grace = setTimeout(() => {
          log.warn(
            { enginePid: child.pid, cancelGraceMs },
            'engine does not reach the end of a step: killed',
          );
          child.kill('SIGKILL');
        }, cancelGraceMs);
      };
      const settle = (outcome: () => void): void => {
        clearTimeout(grace);
        child.off('message', onMessage);
        signal.removeEventListener('abort', onAbort);
        outcome();
      };
      const onMessage = (message: FromEngine): void => {
        if (!('run' in message) || message.run !== number) return;
        if (message.type === 'progress') onProgress(message.progress, message.preview);
        else if (message.type === 'result') {
          const { generated, inferenceSeconds } = message;
          settle(() => resolve({ ...generated, inferenceSeconds }));
        } else {
          const error = errorOf(message.error, log);
          const { code } = message.error;
          if (code === 'device' || code === 'memory') {
            // The memory it holds returns with the process. Until that has ended nobody else may be sent to
            // it.
            trouble = error;
            child.kill('SIGKILL');
          } else settle(() => reject(error));
        }
      };
      child.on('message', onMessage);
      void ended.then((how) =>
        settle(() =>
          reject(
            trouble ??
              new JobError(`The engine ended (${how}) while it worked on this request`, { retryable: true }),
          ),
        ),
      );
      signal.addEventListener('abort', onAbort, { once: true });
      send({ type: 'run', run: number, request, inputImage });
      if (signal.aborted) onAbort();
    });
  };

  return {
    pid: child.pid!,
    capabilities,
    loadSeconds,
    resident: () => resident,
    load: async (models) => {
      resident = new Set((await load(models)).resident);
    },
    ended,
    run,
    stop: async () => {
      if (child.connected) child.disconnect();
      const patience = setTimeout(() => child.kill('SIGKILL'), 1000);
      await ended;
      clearTimeout(patience);
    },
  };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(error.message);
    });
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
}

function loaded(
  child: ChildProcess,
  ended: Promise<string>,
  timeoutMs: number,
): Promise<FromEngine & { type: 'loaded' }> {
  return new Promise((resolve, reject) => {
    let reason: string | undefined;
    const timer = setTimeout(() => {
      reason = `the engine did not load its checkpoints within ${timeoutMs / 1000} s`;
      child.kill('SIGKILL');
    }, timeoutMs);
    const onMessage = (message: FromEngine): void => {
      if (message.type === 'refused') {
        // It ends by itself; not where the device's driver holds it up.
        reason = message.message;
        child.kill('SIGKILL');
      }
      if (message.type !== 'loaded') return;
      clearTimeout(timer);
      child.off('message', onMessage);
      resolve(message);
    };
    child.on('message', onMessage);
    void ended.then((how) => {
      clearTimeout(timer);
      reject(new Error(reason ?? `the engine ended (${how}) while it loaded its checkpoints`));
    });
  });
}

function errorOf({ code, message, retryable, stack }: EngineFailure, log: Log): Error {
  if (code === 'request') return new JobError(message, { retryable });
  if (code === 'cancelled') return new Error('cancelled');
  log.error({ code, stack }, `engine: ${message}`);
  if (code === 'memory')
    return new JobError('The device has not enough memory for this request', {
      retryable,
    });
  return code === 'device'
    ? new JobError('The device failed while it worked on this request', { retryable })
    : new Error(message);
}
