import { type ArenaStatistics, readStatistics } from './arena-statistics.ts';
import { holding, written } from './c-memory.ts';
import { cudaTurns } from './cuda/cuda-turns.ts';
import { cudaIndex } from './device.ts';
import type { Handle, OrtApi } from './function-table.ts';
import { type Library, loadLibrary } from './library.ts';
import { type Feeds, runOnce } from './runs/one-run.ts';
import { type RunOptions, runConfig } from './runs/run-options.ts';
import { requireOk } from './runtime-error.ts';
import { createSessionOptions, type SessionOptions } from './session-options.ts';
import { inputPorts, outputPorts, type SessionPort } from './session-ports.ts';
import {
  memoryInfo,
  placeOf,
  readValue,
  type Tensor,
  type TensorValue,
  valuesOver,
} from './tensor-values.ts';
import { createTurns } from './turns.ts';

/** A loaded graph. Runs asked for while one is under way wait for it. */
export interface InferenceSession {
  readonly inputs: readonly SessionPort[];
  readonly outputs: readonly SessionPort[];
  /**
   * @throws RuntimeError; the signal's reason where it ended the run; Error for an input that the graph has
   * not.
   */
  run(feeds: Feeds, options?: RunOptions): Promise<Record<string, Tensor>>;
  /** As run, with the outputs where the runtime has them, for other runs. The caller releases them. */
  runHeld(feeds: Feeds, options?: RunOptions): Promise<Record<string, TensorValue>>;
  /** Ends the run under way, waits for it and gives the session's memory back. Runs that wait are refused. */
  release(): Promise<void>;
  /** Of the memory that the session computes in, which other sessions may share. */
  arenaStatistics(): ArenaStatistics;
  /** Writes what `profile` asked for. */
  endProfiling(): void;
}

/**
 * Loads a model in one of libuv's threads.
 * @param model its bytes, or the path of its file.
 * @throws RuntimeError where the runtime refuses the model, the device or an option.
 */
export async function openInferenceSession(
  model: Uint8Array | string,
  options: SessionOptions,
): Promise<InferenceSession> {
  const library = loadLibrary();
  const { api } = library;
  const created = createSessionOptions(library, options);
  try {
    const load = () => create(library, model, created);
    const session = await (options.device === 'cpu' ? load() : cudaTurns.shared(load));
    return sessionOf(library, session, options);
  } finally {
    api.ReleaseSessionOptions(created);
  }
}

async function create(
  { api, env }: Library,
  model: Uint8Array | string,
  options: Handle<'SessionOptions'>,
): Promise<Handle<'Session'>> {
  const out = new BigUint64Array(1);
  const created = new Promise<Handle<'Status'> | null>((resolve, reject) => {
    const done = (error: Error | null, result: Handle<'Status'> | null): void =>
      error === null ? resolve(result) : reject(error);
    if (typeof model === 'string') api.CreateSession.async(env, model, options, out, done);
    else api.CreateSessionFromArray.async(env, model, model.byteLength, options, out, done);
  });
  requireOk(api, await holding([model, out], created));
  return out[0] as Handle<'Session'>;
}

function sessionOf(
  library: Library,
  session: Handle<'Session'>,
  { initializers, device, cuda = {} }: SessionOptions,
): InferenceSession {
  const { api } = library;
  const [inputs, outputs] = [inputPorts(api, session), outputPorts(api, session)];
  const ended = new AbortController();
  const turns = createTurns();
  let released: Promise<void> | undefined;

  const runHeld: InferenceSession['runHeld'] = (feeds, options = {}) => {
    const { signal, graph, into = {}, outputs: wanted = outputs.map(({ name }) => name) } = options;
    const signals = signal === undefined ? [ended.signal] : [ended.signal, signal];
    const work = async (): Promise<Record<string, TensorValue>> => {
      for (const each of signals) each.throwIfAborted();
      requireNames(feeds, inputs);
      graph?.before();
      const config = runConfig(device, cuda, options);
      const ownThread = device !== 'cpu';
      const run = { session, feeds, into, config, signals, ownThread, outputs: wanted };
      const made = await runOnce(library, run);
      graph?.after();
      return made;
    };
    return turns.alone(() => {
      if (device === 'cpu') return work();
      return graph === undefined ? cudaTurns.shared(work) : cudaTurns.alone(work);
    });
  };
  return {
    inputs,
    outputs,
    runHeld,
    run: async (feeds, options = {}) => {
      const { targets = {}, into = {} } = options;
      const given = valuesOver(library, targets);
      try {
        const made = await runHeld(feeds, { ...options, into: { ...into, ...given } });
        try {
          return Object.fromEntries(
            Object.entries(made).map(([name, value]) => [name, targets[name] ?? readValue(library, value)]),
          );
        } finally {
          for (const value of Object.values(made)) value.release();
        }
      } finally {
        for (const value of Object.values(given)) value.release();
      }
    },
    release: () => {
      ended.abort(new Error('the session is released'));
      // Releasing joins the session's threads, of which one waits for JavaScript while a run is under way.
      // What was given as initializers is read until then, and so is held.
      released ??= turns.alone(() => holding(initializers, releaseSession(api, session)));
      return released;
    },
    arenaStatistics: () => statisticsOf(library, session, memoryInfo(library, placeOf(cudaIndex(device)))),
    endProfiling: () => endProfiling(api, session),
  };
}

function releaseSession(api: OrtApi, session: Handle<'Session'>): Promise<void> {
  return new Promise((resolve, reject) => {
    api.ReleaseSession.async(session, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

function requireNames(feeds: Feeds, inputs: readonly SessionPort[]): void {
  const stranger = Object.keys(feeds).find((name) => inputs.every((port) => port.name !== name));
  if (stranger !== undefined)
    throw new Error(`the graph has no input ${stranger}; its inputs are ${inputs.map(({ name }) => name)}`);
}

function statisticsOf(
  { api }: Library,
  session: Handle<'Session'>,
  info: Handle<'MemoryInfo'>,
): ArenaStatistics {
  try {
    const allocator = written<Handle<'Allocator'>>((out) =>
      requireOk(api, api.CreateAllocator(session, info, out)),
    );
    const statistics = readStatistics(api, allocator);
    api.ReleaseAllocator(allocator);
    return statistics;
  } finally {
    api.ReleaseMemoryInfo(info);
  }
}

function endProfiling(api: OrtApi, session: Handle<'Session'>): void {
  const allocator = written<Handle<'Allocator'>>((out) =>
    requireOk(api, api.GetAllocatorWithDefaultOptions(out)),
  );
  const name = written((out) => requireOk(api, api.SessionEndProfiling(session, allocator, out)));
  requireOk(api, api.AllocatorFree(allocator, name));
}
