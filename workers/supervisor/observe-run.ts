import type { GenerationProgress, GenerationRequest } from '../../src/contract/generation.ts';
import { routeOf } from '../../src/contract/routes.ts';
import type { Made, WorkerMetrics } from '../../src/metrics/worker-metrics.ts';
import type { RunOutcome } from './engine-run.ts';

type Report = (progress: GenerationProgress, preview?: Uint8Array) => void;

/**
 * Passes progress on and counts how long each step took: the time between the reports of two consecutive steps of
 * one sample. The first has prompts and input picture in it and is not counted.
 */
export function observeSteps(
  metrics: Pick<WorkerMetrics, 'step'>,
  request: GenerationRequest,
  report: Report,
  now = () => performance.now(),
): Report {
  const of = { model: routeOf(request), scheduler: request.scheduler };
  let last: { readonly sample: number; readonly step: number; readonly at: number } | undefined;
  return (progress, preview) => {
    const { sample, step } = progress;
    const at = now();
    if (last?.sample === sample && last.step === step - 1) metrics.step(of, (at - last.at) / 1000);
    last = { sample, step, at };
    report(progress, preview);
  };
}

export function madeOf(request: GenerationRequest, outcome: RunOutcome): Made {
  const { pictures, inferenceSeconds, stageSeconds } = outcome;
  const { endpoint, width = 0, height = 0 } = request;
  return {
    ...{ endpoint, inferenceSeconds, stageSeconds },
    model: routeOf(request),
    pictures: pictures.length,
    pixels: pictures.length * width * height,
  };
}
