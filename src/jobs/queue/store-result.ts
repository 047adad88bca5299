import { setTimeout } from 'node:timers/promises';
import type { GenerationRequest, GenerationResult } from '../../contract/generation.ts';
import type { GenerationOutput } from '../generate.ts';
import type { Log } from '../log.ts';
import { completeRecord } from '../records/records.ts';
import { deleteOutputs, outputsOf, storeOutputs } from '../records/stored-pictures.ts';
import type { Connection } from '../redis/connection.ts';
import type { Lifetimes } from '../redis/names.ts';
import { isUnavailable } from '../redis/unavailable.ts';

export interface ResultStore {
  readonly redis: Connection;
  /** Names the attempt. */
  readonly token: string;
  /** Of the attempt. */
  readonly aborter: AbortController;
  readonly lifetimes: Lifetimes;
  readonly log: Log;
}

/** A Redis that takes no writes (full, a failed save) is asked again after this long. */
const retryMs = 1000;

/**
 * Keeps what an attempt has made, and says so in the record; pictures of a request that has ended meanwhile
 * are deleted. Work that is done is not thrown away because Redis takes no writes now: that is waited out
 * until the attempt is stopped.
 * @returns whether the request is completed with these pictures.
 */
export async function storeResult(
  { redis, token, aborter, lifetimes, log }: ResultStore,
  id: string,
  request: GenerationRequest,
  output: GenerationOutput,
): Promise<boolean> {
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
  for (;;) {
    try {
      // Sent together, in this order: where a picture was not taken the record is not completed.
      const [, outcome] = await Promise.all([
        storeOutputs(redis, images, pictures, lifetimes.retentionSeconds),
        completeRecord(redis, id, result, lifetimes, token),
      ]);
      if (outcome === 'ended') await deleteOutputs(redis, images);
      if (outcome !== 'incomplete') return outcome === 'completed';
    } catch (error) {
      if (!isUnavailable(error) || aborter.signal.aborted) throw error;
      log.warn({ id, err: error }, 'the result cannot be stored yet');
      await setTimeout(retryMs);
    }
  }
}
