import type { Config } from '../../../src/config/config.ts';
import type { MemoryReport } from '../../../src/contract/answers/memory-report.ts';
import type { GenerationRequest } from '../../../src/contract/generation.ts';
import { routeOf } from '../../../src/contract/routes.ts';
import type { GenerationContext } from '../../../src/jobs/generate.ts';
import type { Log } from '../../../src/jobs/log.ts';
import type { Capabilities } from '../../capabilities.ts';
import { loadCheckpoints } from '../checkpoints/load-checkpoints.ts';
import { type Loss, openEngineChannel } from './engine-channel.ts';
import { type RunOutcome, runToOutcome } from './engine-run.ts';
import { createSilenceLimits, type SilenceLimits, workOf } from './silence-limits.ts';

export interface EngineOptions {
  /** Entry file that calls `serveEngine`. */
  readonly engineFile: string;
  readonly config: Config;
  readonly log: Log;
  /** Checkpoints to begin with; by default the first of those served, as many as stay loaded at once. */
  readonly models?: readonly string[];
  /** Loads one checkpoint after the other; by default several at once where the device has room. */
  readonly inTurn?: boolean;
  /** What is known of how long engines on this device are silent; by default nothing yet. */
  readonly limits?: SilenceLimits;
  /** A cancelled run that does not end for this long takes its process with it. */
  readonly cancelGraceMs?: number;
  /** Aborted where nobody wants the engine any more: it is killed while it loads. */
  readonly unwanted?: AbortSignal;
}

/** As jobs/generate.ts has it, with the input picture read. */
export interface RunContext extends Pick<GenerationContext, 'signal' | 'progress'> {
  /** Bytes (PNG) of an image-to-image request's input. */
  readonly inputImage: Uint8Array | undefined;
  /** Called where another run may begin beside what remains to be done of this one. */
  readonly computed?: () => void;
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
  /** How its device's memory is used now. */
  memory(): MemoryReport | undefined;
  /** Resolves with how the process ended; never rejects. */
  readonly ended: Promise<string>;
  /** Resolves once it is of no use, where it hangs before it has ended. Never rejects. */
  readonly lost: Promise<Loss>;
  /**
   * One at a time, the next from when one has computed. @throws JobError when the process ends or falls
   * silent meanwhile (retryable) or the request is at fault; where the device failed or had no memory, the
   * process has then ended.
   */
  run(request: GenerationRequest, context: RunContext): Promise<RunOutcome>;
  /** Ends the process: at once where it listens, by SIGKILL otherwise. */
  stop(): Promise<void>;
}

export function silenceLimitsOf({ engineSilenceMinSeconds, engineSilenceMaxSeconds }: Config): SilenceLimits {
  return createSilenceLimits(engineSilenceMinSeconds * 1000, engineSilenceMaxSeconds * 1000);
}

/** @throws LoadError with what the engine said, or how it ended, when its checkpoints do not load. */
export async function startEngine(options: EngineOptions): Promise<EngineProcess> {
  const { engineFile, config, log, cancelGraceMs = 60_000, unwanted, inTurn = false } = options;
  const limits = options.limits ?? silenceLimitsOf(config);
  const channel = openEngineChannel(engineFile, limits, log);
  let isUp = false;
  const load = async (models: readonly string[] | undefined) => {
    channel.send({ type: 'load', config, models, inTurn });
    const loaded = await loadCheckpoints(channel, limits, isUp);
    isUp = true;
    return loaded;
  };
  const give = (): void => channel.kill();
  unwanted?.addEventListener('abort', give);
  if (unwanted?.aborted) give();
  const { capabilities, loadSeconds, ...first } = await load(options.models).finally(() =>
    unwanted?.removeEventListener('abort', give),
  );
  let { memory } = first;
  let resident = new Set(first.resident);
  let runs = 0;
  return {
    pid: channel.pid!,
    capabilities,
    loadSeconds,
    resident: () => resident,
    memory: () => memory,
    load: async (models) => {
      const loaded = await load(models);
      resident = new Set(loaded.resident);
      memory = loaded.memory;
    },
    ended: channel.ended,
    lost: channel.lost,
    run: async (request, { inputImage, signal, progress: onProgress, computed = () => undefined }) => {
      const work = limits.ofRun(routeOf(request), workOf(request, inputImage, config.engineBatch));
      const order = { type: 'run', run: ++runs, request, inputImage } as const;
      const hears = { signal, onProgress, onComputed: computed, cancelGraceMs, log };
      const outcome = await runToOutcome({ channel, order, work, ...hears });
      memory = outcome.memory;
      return outcome;
    },
    stop: async () => {
      channel.disconnect();
      const patience = setTimeout(channel.kill, 1000);
      await channel.ended;
      clearTimeout(patience);
    },
  };
}
