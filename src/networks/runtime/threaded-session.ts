import { Worker } from 'node:worker_threads';
import type {
  NumberTensors,
  RuntimeModel,
  SteadyModel,
  ThreadAnswer,
  ThreadRequest,
  ThreadStart,
} from './session-thread.ts';

/** A loaded graph. Runs asked for while one is under way wait for it. */
export interface Session {
  /**
   * Buffers of `owned` tensors are handed over and gone for the caller; those of `inputs` are copied.
   * @returns the outputs by name.
   */
  run(inputs: NumberTensors, owned?: NumberTensors): Promise<NumberTensors>;
  release(): Promise<void>;
}

interface Pending {
  resolve(outputs: NumberTensors): void;
  reject(error: Error): void;
}

/** Loads a model in a new thread, which does not keep the process alive while it is idle. */
export async function threadedSession(main: RuntimeModel, steady?: SteadyModel): Promise<Session> {
  const start: ThreadStart = { ...main, ...(steady && { steady }) };
  const worker = new Worker(new URL('session-thread.ts', import.meta.url), { workerData: start });
  const pending: Pending[] = [];
  let ended: Error | undefined;

  const next = (): Promise<NumberTensors> =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      pending.push({ resolve, reject });
      worker.ref();
    });
  const end = (error: Error): void => {
    ended ??= error;
    for (const waiting of pending.splice(0)) waiting.reject(ended);
  };

  worker.on('message', (answer: ThreadAnswer) => {
    const waiting = pending.shift();
    if (pending.length === 0) worker.unref();
    if ('error' in answer) waiting?.reject(new Error(answer.error));
    else waiting?.resolve(answer.outputs);
  });
  worker.on('error', (cause) => end(new Error('the thread of the session failed', { cause })));
  worker.on('exit', () => end(new Error('the session is released')));

  const release = async (): Promise<void> => {
    await worker.terminate();
  };
  try {
    await next();
  } catch (error) {
    await release();
    throw error;
  }
  return {
    release,
    run: (inputs, owned = {}) => {
      const answer = next();
      const request: ThreadRequest = { inputs: { ...inputs, ...owned } };
      worker.postMessage(
        request,
        Object.values(owned).map(({ data }) => data.buffer as ArrayBuffer),
      );
      return answer;
    },
  };
}
