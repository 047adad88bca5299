import { JobError } from '../../src/jobs/job-error.ts';
import { messageChain, serializeError } from '../../src/process/serialize-error.ts';
import type { EngineFailure, FromEngine, ToEngine } from '../protocol.ts';
import { deviceTrouble } from './device-trouble.ts';
import type { GrowingGenerator, OpenGenerator } from './generator.ts';

/**
 * The engine's side of the protocol. The process has no state worth saving: it ends when the worker's channel
 * closes, and leaves the signals of a terminal (Ctrl-C reaches the whole group) to the worker.
 */
export function serveEngine(open: OpenGenerator): void {
  if (process.send === undefined) {
    process.stderr.write('engine: started by workers/worker.ts, not by hand\n');
    process.exit(1);
  }
  // At once: to leave in order, the runtime's libraries would end what still computes, and complain.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

  let generator: GrowingGenerator | undefined;
  /** The one that computes, and the one before it while its pictures are encoded. */
  const runs = new Map<number, AbortController>();

  const load = async ({ config, models, inTurn }: ToEngine & { type: 'load' }): Promise<void> => {
    const started = performance.now();
    try {
      const onLoading = (checkpoint: string): void => void send({ type: 'loading', checkpoint });
      if (generator === undefined) generator = await open(config, models, onLoading, inTurn);
      else await generator.load(models ?? [], onLoading);
      const loadSeconds = (performance.now() - started) / 1000;
      const { capabilities } = generator;
      await send({
        type: 'loaded',
        capabilities,
        resident: generator.resident(),
        loadSeconds,
        memory: generator.memory?.(),
      });
    } catch (error) {
      await send({ type: 'refused', message: messageChain(error), error: serializeError(error) });
      process.exit(1);
    }
  };

  const run = async ({ run, request, inputImage }: ToEngine & { type: 'run' }): Promise<void> => {
    const cancelled = new AbortController();
    runs.set(run, cancelled);
    const started = performance.now();
    void send({ type: 'begun', run });
    try {
      const generated = await generator!.generate(request, {
        inputImage,
        signal: cancelled.signal,
        progress: async (progress, preview) => {
          void send({ type: 'progress', run, progress, preview });
          await eventLoopTurn();
          cancelled.signal.throwIfAborted();
        },
        computed: () => void send({ type: 'computed', run }),
      });
      const inferenceSeconds = (performance.now() - started) / 1000;
      await send({ type: 'result', run, generated, inferenceSeconds, memory: generator!.memory?.() });
    } catch (error) {
      await send({ type: 'failed', run, error: failureOf(error, cancelled.signal.aborted) });
    } finally {
      runs.delete(run);
    }
  };

  process.on('message', (message: ToEngine) => {
    if (message.type === 'load') void load(message);
    else if (message.type === 'run') void run(message);
    else if (message.type === 'ping') void send({ type: 'pong' });
    else runs.get(message.run)?.abort();
  });
}

/** Resolves once the message is written, or the channel is gone (then the process is about to end). */
function send(message: FromEngine): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected) resolve();
    else process.send!(message, undefined, undefined, () => resolve());
  });
}

/**
 * Lets the loop poll for messages, as a cancel between two steps. A message read in the poll phase is
 * delivered before the second of two immediates runs.
 */
async function eventLoopTurn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

function failureOf(thrown: unknown, cancelled: boolean): EngineFailure {
  const error = serializeError(thrown);
  const { message } = error;
  if (cancelled) return { code: 'cancelled', message, retryable: false, error };
  if (thrown instanceof JobError) return { code: 'request', message, retryable: thrown.retryable, error };
  const code = deviceTrouble(message) ?? 'internal';
  return { code, message, retryable: true, error };
}
