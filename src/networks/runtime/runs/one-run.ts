import { type TextArray, textArray, written } from '../c-memory.ts';
import type { Handle, OrtApi } from '../function-table.ts';
import type { Library } from '../library.ts';
import { requireOk } from '../runtime-error.ts';
import { owned, type Tensor, type TensorValue, valueOver } from '../tensor-values.ts';
import { runAsynchronously, runInThread } from './asynchronous-runs.ts';

/** By name. An array must not change until the run has ended. */
export type Feeds = Readonly<Record<string, Tensor | TensorValue>>;

export interface OneRun {
  readonly session: Handle<'Session'>;
  readonly feeds: Feeds;
  /** Outputs wanted, by name. */
  readonly outputs: readonly string[];
  /** Values to write outputs to; the others the runtime makes. */
  readonly into: Readonly<Record<string, TensorValue>>;
  /** Run configuration entries: keys of onnxruntime_run_options_config_keys.h. */
  readonly config: Readonly<Record<string, string>>;
  /** On a thread of the session's own, or beside all of them; see asynchronous-runs.ts. */
  readonly ownThread: boolean;
  /** Each ends the run within the operator that is under way. */
  readonly signals: readonly AbortSignal[];
}

/** @throws RuntimeError; the reason of a signal that ended the run. */
export async function runOnce(library: Library, run: OneRun): Promise<Record<string, TensorValue>> {
  const { api } = library;
  const { session, feeds, outputs: names, into, config, signals, ownThread } = run;
  const options = written<Handle<'RunOptions'>>((out) => requireOk(api, api.CreateRunOptions(out)));
  const own: TensorValue[] = [];
  const terminate = (): void => requireOk(api, api.RunOptionsSetTerminate(options));
  try {
    configure(api, options, config);
    const inputs = Object.values(feeds).map((feed) => {
      if ('handle' in feed) return feed;
      const value = valueOver(library, feed);
      own.push(value);
      return value;
    });
    const outputs = BigUint64Array.from(names, (name) => into[name]?.handle ?? 0n);
    for (const signal of signals) signal.addEventListener('abort', terminate, { once: true });
    const start = ownThread ? runAsynchronously : runInThread;
    await start(api, {
      ...{ session, options, inputs, outputs },
      inputNames: namesOf(Object.keys(feeds)),
      outputNames: namesOf(names),
    });
    return Object.fromEntries(
      names.map((name, index) => [name, into[name] ?? owned(api, outputs[index] as Handle<'Value'>)]),
    );
  } catch (error) {
    for (const signal of signals) signal.throwIfAborted();
    throw error;
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', terminate);
    for (const value of own) value.release();
    api.ReleaseRunOptions(options);
  }
}

function configure(
  api: OrtApi,
  options: Handle<'RunOptions'>,
  config: Readonly<Record<string, string>>,
): void {
  for (const [key, value] of Object.entries(config))
    requireOk(api, api.AddRunConfigEntry(options, key, value));
}

/** Names as C strings; a graph's are the same from run to run. */
const texts = new Map<string, TextArray>();
function namesOf(names: readonly string[]): TextArray {
  const key = names.join('\0');
  let found = texts.get(key);
  if (found === undefined) {
    found = textArray(names);
    texts.set(key, found);
  }
  return found;
}
