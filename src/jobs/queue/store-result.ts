import { setTimeout } from 'node:timers/promises';
import type { GenerationRequest, GenerationResult } from '../../contract/generation.ts';
import type { ResultStore } from '../../results/result-store.ts';
import type { GenerationOutput } from '../generate.ts';
import type { Log } from '../log.ts';
import { dropKept, keepOutputs } from '../records/kept-outputs.ts';
import { completeRecord } from '../records/records.ts';
import { deleteOutputs, outputsOf, storeOutputs } from '../records/stored-pictures.ts';
import type { Connection } from '../redis/connection.ts';
import type { Lifetimes } from '../redis/names.ts';
import { isUnavailable } from '../redis/unavailable.ts';

export interface ResultKeeping {
  readonly redis: Connection;
  /** Names the attempt. */
  readonly token: string;
  /** Of the attempt. */
  readonly aborter: AbortController;
  readonly lifetimes: Lifetimes;
  readonly log: Log;
  /** Where pictures are kept if not in Redis. */
  readonly results?: ResultStore | undefined;
  /** A store that fails is asked again for this long; five minutes by default. */
  readonly resultsPatienceMs?: number | undefined;
}

/** A Redis that takes no writes (full, a failed save) is asked again after this long. */
const retryMs = 1000;

/**
 * Keeps what an attempt has made, and says so in the record; pictures of a request that has ended meanwhile
 * are deleted. Work that is done is not thrown away because Redis takes no writes now: that is waited out
 * until the attempt is stopped. A store of pictures is waited for as keepOutputs says.
 * @returns whether the request is completed with these pictures.
 */
export async function storeResult(
  keeping: ResultKeeping,
  id: string,
  request: GenerationRequest,
  output: GenerationOutput,
): Promise<boolean> {
  const { redis, token, aborter, lifetimes, log, results: store, resultsPatienceMs: patienceMs } = keeping;
  const { pictures, checkpoints, inferenceSeconds, stageSeconds, determinism, warnings } = output;
  const images = outputsOf(id, pictures, request.outputFormat);
  const result: GenerationResult = {
    images,
    seed: request.seed,
    prompt: request.prompt,
    checkpoints,
    inferenceSeconds,
    stageSeconds,
    ...(determinism && { determinism }),
    ...(warnings && { warnings }),
  };
  let isKept = store === undefined;
  for (;;) {
    try {
      if (store !== undefined && !isKept)
        await keepOutputs({ redis, store, signal: aborter.signal, log, patienceMs }, images, pictures);
      isKept = true;
      // Sent together, in this order: where a picture was not taken the record is not completed.
      const [, outcome] = await Promise.all([
        storeOutputs(redis, images, pictures, lifetimes.retentionSeconds, store),
        completeRecord(redis, id, result, lifetimes, token, store !== undefined),
      ]);
      if (outcome === 'ended') {
        await deleteOutputs(redis, images);
        if (store !== undefined) await dropKept(redis, images);
      }
      if (outcome !== 'incomplete') return outcome === 'completed';
      isKept = store === undefined;
    } catch (error) {
      if (!isUnavailable(error) || aborter.signal.aborted) throw error;
      log.warn({ id, err: error }, 'the result cannot be stored yet');
      await setTimeout(retryMs);
    }
  }
}
