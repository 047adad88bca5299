import { setTimeout } from 'node:timers/promises';
import { checkpointsOf } from '../../../src/contract/routes.ts';
import { JobError } from '../../../src/jobs/job-error.ts';
import { unlessAborted } from '../../../src/process/unless-aborted.ts';
import { type Capabilities, capabilitiesOf, modelsBehind } from '../../capabilities.ts';
import { LoadError } from '../checkpoints/load-checkpoints.ts';
import { createWithdrawnCheckpoints, type WithdrawalOptions } from '../checkpoints/withdrawn-checkpoints.ts';
import type { EngineProcess } from './engine-process.ts';
import { beginStays, type StayOptions } from './engine-stays.ts';

export interface SupervisorOptions
  extends Omit<StayOptions, 'withdrawn'>,
    Pick<WithdrawalOptions, 'withdrawMs'> {}

/** Keeps one engine process alive, with the checkpoints that are asked for. */
export interface EngineSupervisor {
  /** Of everything that is installed. */
  readonly capabilities: Capabilities;
  /** The same without the checkpoints that could not be loaded lately. */
  offered(): Capabilities;
  /**
   * Runs on the present engine, or on the next one when it is being replaced. One at a time, the next from
   * when one has computed; later calls wait. Checkpoints that are missing are loaded first: beside the
   * present ones where there is room, else in an engine that takes the present one's place, because only the
   * end of a process surely returns its memory. Where nobody wants the missing ones any more, the present
   * ones come back.
   * @throws JobError as EngineProcess.run, and where a checkpoint is not served or cannot be loaded.
   */
  readonly run: EngineProcess['run'];
  /**
   * Loads a checkpoint (in place of the present ones where there is no room beside them) or takes it off the
   * device, once the jobs asked for before are done. The last one stays: an engine without a checkpoint could
   * do nothing.
   * @throws Error where no checkpoint of that name is installed, where it cannot be loaded, or is the last.
   */
  hold(model: string, loaded: boolean): Promise<void>;
  /** Checkpoints that are loaded, or are being loaded. */
  resident(): ReadonlySet<string>;
  /** Since checkpoints were last exchanged. */
  residentForMs(): number;
  close(): Promise<void>;
}

/** An exchange whose job has gone is left after this long: the next job may want the same checkpoints. */
const unwantedMs = 1000;

/**
 * Resolves with the first engine loaded.
 * @throws when that fails: wrong checkpoints are the operator's to mend.
 */
export async function superviseEngine(options: SupervisorOptions): Promise<EngineSupervisor> {
  const withdrawn = createWithdrawnCheckpoints({ ...options, onChange: options.onResidency });
  const closing = new AbortController();
  /** Calls of `run` that have not ended. */
  let wanted = 0;
  const stays = await beginStays({ ...options, withdrawn });
  const { capabilities } = await stays.current().engine;

  const orJobError = (models: readonly string[]) => (cause: unknown) => {
    const at = (cause instanceof LoadError && cause.checkpoint) || models.join(', ');
    throw notLoaded(at, { retryable: true, cause });
  };
  /** Its job has gone. */
  const leaveUnwanted = async (): Promise<void> => {
    const stay = stays.current();
    if (stay.kind() !== 'exchange') return;
    await setTimeout(unwantedMs, undefined, { ref: false });
    if (wanted === 0) stays.abandon(stay);
  };

  /** Until the next run may begin. */
  let previous: Promise<unknown> = Promise.resolve();
  /** Runs that have not ended. */
  const running = new Set<Promise<unknown>>();
  const has = (models: readonly string[]): boolean => models.every((name) => stays.resident().has(name));
  return {
    capabilities,
    offered: () =>
      capabilitiesOf(
        capabilities.models.filter(({ name }) => !withdrawn.has(name)),
        capabilities.sizeMultiple,
        options.config.residentModels,
      ),
    run: (request, context) => {
      const { signal } = context;
      const names = checkpointsOf(request);
      const models = modelsBehind(names, capabilities.models);
      if (models === undefined)
        return Promise.reject(
          new JobError(`checkpoint ${names.join(' or ')} is not installed on this worker`, {
            retryable: false,
          }),
        );
      wanted += 1;
      const earlier = [...running];
      const computed = Promise.withResolvers<void>();
      const ready = previous.then(async () => {
        // An exchange of checkpoints may end the engine.
        if (!has(models)) await Promise.all(earlier);
        signal.throwIfAborted();
        const broken = models.find(withdrawn.has);
        if (broken !== undefined) throw notLoaded(broken, { retryable: false });
        return await stays.engineWith(models, signal).catch(orJobError(models));
      });
      const result = unlessAborted(ready, signal, 'aborted while waiting for an engine')
        .then((engine) =>
          engine.run(request, {
            ...context,
            computed: () => {
              computed.resolve();
              context.computed?.();
            },
          }),
        )
        .finally(() => {
          wanted -= 1;
          if (signal.aborted) void leaveUnwanted();
        });
      // Of the outcome nothing stays: it holds pictures.
      const ended = result.then(
        () => undefined,
        () => undefined,
      );
      running.add(ended);
      void ended.then(() => running.delete(ended));
      previous = Promise.race([ended, computed.promise]);
      return result;
    },
    hold: (model, loaded) => {
      if (!capabilities.models.some(({ name }) => name === model))
        return Promise.reject(new Error(`no checkpoint ${model} is installed`));
      const earlier = [...running];
      const change = previous.then(async () => {
        await Promise.all(earlier);
        if (loaded) await stays.engineWith([model], closing.signal);
        else await stays.unload(model);
      });
      previous = change.catch(() => undefined);
      return change;
    },
    resident: stays.resident,
    residentForMs: stays.residentForMs,
    close: async () => {
      closing.abort();
      withdrawn.close();
      await stays.close();
    },
  };
}

function notLoaded(checkpoint: string, options: { retryable: boolean; cause?: unknown }): JobError {
  return new JobError(`The checkpoint ${checkpoint} could not be loaded on this worker`, options);
}
