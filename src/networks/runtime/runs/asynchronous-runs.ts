import koffi from 'koffi';
import { holding, type TextArray } from '../c-memory.ts';
import type { Handle, OrtApi } from '../function-table.ts';
import { errorOf, requireOk } from '../runtime-error.ts';
import type { TensorValue } from '../tensor-values.ts';

/** What a run reads and writes. All of it is held until the run has ended. */
export interface Run {
  readonly session: Handle<'Session'>;
  readonly options: Handle<'RunOptions'>;
  readonly inputNames: TextArray;
  readonly inputs: readonly TensorValue[];
  readonly outputNames: TextArray;
  /** Values that the runtime writes to, by output; 0 where it makes one, which it then puts here. */
  readonly outputs: BigUint64Array;
}

interface Pending {
  /** Never read: it keeps from being collected what the library points to. */
  readonly held: readonly unknown[];
  settle(status: Handle<'Status'> | null): void;
}

const pending = new Map<bigint, Pending>();
let lastKey = 0n;

/**
 * A callback of the library does not keep the process alive, and a process that ends under a run is aborted
 * by it.
 */
let keepAlive: NodeJS.Timeout | undefined;
const never = 2 ** 31 - 1;

/** One for all runs: void (void *user_data, OrtValue **outputs, size_t count, OrtStatus *status). */
let callback: bigint | undefined;
function registered(): bigint {
  callback ??= koffi.register(
    (key: bigint, _outputs: bigint | null, _count: number, status: Handle<'Status'> | null) => {
      const run = pending.get(key);
      pending.delete(key);
      if (pending.size === 0) keepAlive?.unref();
      run?.settle(status);
    },
    koffi.pointer(koffi.proto('void', ['void *', 'void *', 'size_t', 'void *'])),
  );
  return callback;
}

/**
 * Runs a session from one of libuv's threads, beside which all of the session's compute: on the CPU, where a
 * thread of its own that only waits would take a share of the work with it (its kernels divide convolutions
 * by the number of threads; on two cores SDXL's VAE took 1.35 times as long). Resolves with the outputs in
 * place.
 * @throws RuntimeError where the run fails.
 */
export async function runInThread(api: OrtApi, run: Run): Promise<void> {
  const { session, options, inputNames, inputs, outputNames, outputs } = run;
  const values = BigUint64Array.from(inputs, ({ handle }) => handle);
  const ended = new Promise<Handle<'Status'> | null>((resolve, reject) => {
    api.Run.async(
      ...([session, options, inputNames.addresses, values, values.length] as const),
      ...([outputNames.addresses, outputs.length, outputs] as const),
      (error: Error | null, status: Handle<'Status'> | null) =>
        error === null ? resolve(status) : reject(error),
    );
  });
  requireOk(api, await holding([run, values], ended));
}

/**
 * Runs a session on one of its own threads, always the same, as CUDA graphs need it; the session must have at
 * least two. Resolves with the outputs in place.
 * @throws RuntimeError where the runtime refuses or the run fails.
 */
export function runAsynchronously(api: OrtApi, run: Run): Promise<void> {
  const { session, options, inputNames, inputs, outputNames, outputs } = run;
  const values = BigUint64Array.from(inputs, ({ handle }) => handle);
  return new Promise((resolve, reject) => {
    const key = ++lastKey;
    const settle = (status: Handle<'Status'> | null): void => {
      const error = errorOf(api, status);
      if (error === undefined) resolve();
      else reject(error);
    };
    pending.set(key, { held: [run, values], settle });
    keepAlive ??= setInterval(() => undefined, never);
    keepAlive.ref();
    const refused = api.RunAsync(
      ...([session, options, inputNames.addresses, values, values.length] as const),
      ...([outputNames.addresses, outputs.length, outputs, registered(), key] as const),
    );
    if (refused === null) return;
    pending.delete(key);
    if (pending.size === 0) keepAlive.unref();
    settle(refused);
  });
}
