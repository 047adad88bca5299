import type { MemoryReport } from '../../../src/contract/answers/memory-report.ts';
import type { GenerationProgress } from '../../../src/contract/generation.ts';
import { JobError } from '../../../src/jobs/job-error.ts';
import type { Log } from '../../../src/jobs/log.ts';
import type { Generated } from '../../engine/generator.ts';
import type { EngineFailure, FromEngine, ToEngine } from '../../protocol.ts';
import type { EngineChannel } from './engine-channel.ts';
import type { Expectation } from './silence-limits.ts';

export interface RunOutcome extends Generated {
  readonly inferenceSeconds: number;
  /** How the device's memory is used since. */
  readonly memory: MemoryReport | undefined;
}

export interface EngineRun {
  readonly channel: EngineChannel;
  readonly order: ToEngine & { type: 'run' };
  readonly work: Expectation;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: GenerationProgress, preview?: Uint8Array) => void;
  /** Another run may be sent. */
  readonly onComputed: () => void;
  readonly cancelGraceMs: number;
  readonly log: Log;
}

/** Sends one request to an engine that is idle and follows it to its end; see EngineProcess.run. */
export function runToOutcome(run: EngineRun): Promise<RunOutcome> {
  const { channel, order, work, signal, onProgress, onComputed, cancelGraceMs, log } = run;
  return new Promise((resolve, reject) => {
    let grace: NodeJS.Timeout | undefined;
    let trouble: Error | undefined;
    let begun = false;
    let computed = false;
    let leave = (): void => undefined;
    let isSettled = false;
    let heardAt = performance.now();
    const settle = (): void => {
      isSettled = true;
      clearTimeout(grace);
      leave();
      signal.removeEventListener('abort', onAbort);
    };
    /** What comes after it has computed says nothing of the one that computes now. */
    const heard = (): void => {
      if (computed) return;
      const now = performance.now();
      work.learn(now - heardAt);
      heardAt = now;
      channel.expect(work);
    };
    const onMessage = (message: FromEngine): void => {
      if (!('run' in message) || message.run !== order.run) return;
      if (message.type === 'begun') {
        begun = true;
        channel.expect(work);
      } else if (message.type === 'progress') {
        heard();
        onProgress(message.progress, message.preview);
      } else if (message.type === 'computed') {
        heard();
        computed = true;
        onComputed();
      } else if (message.type === 'result') {
        heard();
        settle();
        const { generated, inferenceSeconds, memory } = message;
        resolve({ ...generated, inferenceSeconds, memory });
      } else {
        const error = errorOf(message.error);
        if (message.error.code === 'device' || message.error.code === 'memory') {
          // The memory it holds returns with the process. Until that has ended nobody else may be sent to it.
          trouble = error;
          channel.kill();
          channel.expect(undefined);
        } else {
          settle();
          reject(error);
        }
      }
    };
    const onLost = (how: string): void => {
      settle();
      const when = begun ? 'while it worked on' : 'before it had begun';
      const message = `The engine ended (${how}) ${when} this request`;
      // Once it has computed, another run may be what the engine died of.
      reject(trouble ?? new JobError(message, { retryable: true, blameless: !begun || computed }));
    };
    const onAbort = (): void => {
      channel.send({ type: 'cancel', run: order.run });
      grace = setTimeout(() => {
        log.warn({ enginePid: channel.pid, cancelGraceMs }, 'engine does not end a cancelled run: killed');
        channel.kill();
      }, cancelGraceMs);
    };
    // That it has begun, an engine that computes nothing says at once.
    channel.expect(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    leave = channel.hear({ onMessage, onLost });
    // It may have been lost before.
    if (isSettled) return leave();
    channel.send(order);
    if (signal.aborted) onAbort();
  });
}

/** The engine's own error is the cause, so that whoever logs this shows where it came from. */
function errorOf({ code, message, retryable, error: cause }: EngineFailure): Error {
  if (code === 'request') return new JobError(message, { retryable, cause });
  if (code === 'cancelled') return new Error('cancelled');
  if (code === 'memory')
    return new JobError('The device has not enough memory for this request', { retryable, cause });
  return code === 'device'
    ? new JobError('The device failed while it worked on this request', { retryable, cause })
    : new Error(message, { cause });
}
