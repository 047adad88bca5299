import type { GenerationRequest } from '../../../src/contract/generation.ts';
import { routeOf } from '../../../src/contract/routes.ts';
import type { TracedSpan, Tracing } from '../../../src/tracing/tracing.ts';
import type { RunOutcome } from './engine-run.ts';

/** How long a request waited, as a span of the trace that it came with. */
export function traceWait(tracing: Tracing, request: GenerationRequest, waitedMs: number | undefined): void {
  if (waitedMs === undefined) return;
  const parent = request.origin?.traceparent;
  tracing.begin('queue', { parent, startedAt: Date.now() - waitedMs }).end();
}

/** An attempt at a request on this worker's engine. */
export function beginRun(
  tracing: Tracing,
  id: string,
  request: GenerationRequest,
  device: string,
): TracedSpan {
  const { endpoint, scheduler, steps, samples, origin } = request;
  return tracing.begin('generate', {
    kind: 'CONSUMER',
    parent: origin?.traceparent,
    attributes: {
      'messaging.system': 'bullmq',
      'messaging.message.id': id,
      'sdxl.endpoint': endpoint,
      'sdxl.model': routeOf(request),
      'sdxl.scheduler': scheduler,
      'sdxl.steps': steps,
      'sdxl.samples': samples,
      'sdxl.device': device,
    },
  });
}

/**
 * The stages that the engine told of, below the attempt's span.
 * @param endedAt Unix time of the outcome in ms.
 */
export function traceStages(
  tracing: Tracing,
  run: TracedSpan,
  { inferenceSeconds, stages = [] }: Pick<RunOutcome, 'inferenceSeconds' | 'stages'>,
  endedAt: number,
): void {
  const begunAt = endedAt - inferenceSeconds * 1000;
  for (const { stage, fromMs, toMs } of stages)
    tracing.begin(stage, { parent: run.traceparent, startedAt: begunAt + fromMs }).end(begunAt + toMs);
}
