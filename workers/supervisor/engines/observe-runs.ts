import type { GenerationProgress, GenerationRequest } from '../../../src/contract/generation.ts';
import { routeOf } from '../../../src/contract/routes.ts';
import { noObserver, type RequestObserver } from '../../../src/jobs/request-observer.ts';
import type { Made, WorkerMetrics } from '../../../src/metrics/worker-metrics.ts';
import type { Tracing } from '../../../src/tracing/tracing.ts';
import type { RunOutcome } from './engine-run.ts';
import { beginRun, traceStages, traceWait } from './trace-run.ts';

export interface Observers {
  /** Absent where nobody reads them. */
  readonly metrics?: WorkerMetrics | undefined;
  /** Absent without a collector. */
  readonly tracing?: Tracing | undefined;
}

type Report = (progress: GenerationProgress, preview?: Uint8Array) => void;

export interface ObservedRuns {
  readonly observer: RequestObserver;
  /** Runs an attempt; counts its steps and stages, and traces them. */
  run(
    job: { readonly id: string; readonly request: GenerationRequest; readonly progress: Report },
    work: (progress: Report) => Promise<RunOutcome>,
  ): Promise<RunOutcome>;
}

export function observeRuns({ metrics, tracing }: Observers, device: string): ObservedRuns {
  const counted = metrics ?? noObserver;
  return {
    observer: {
      ...counted,
      started: (request, waitedMs) => {
        counted.started(request, waitedMs);
        if (tracing) traceWait(tracing, request, waitedMs);
      },
    },
    run: async ({ id, request, progress }, work) => {
      const span = tracing && beginRun(tracing, id, request, device);
      try {
        const outcome = await work(metrics ? observeSteps(metrics, request, progress) : progress);
        metrics?.made(madeOf(request, outcome));
        if (tracing && span) traceStages(tracing, span, outcome, Date.now());
        return outcome;
      } catch (error) {
        span?.fail('attempt failed');
        throw error;
      } finally {
        span?.end();
      }
    },
  };
}
/**
 * Passes progress on and counts how long each step took: the time between the reports of two consecutive
 * steps of one sample. The first has prompts and input picture in it and is not counted.
 */
function observeSteps(
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

function madeOf(request: GenerationRequest, outcome: RunOutcome): Made {
  const { pictures, inferenceSeconds, stageSeconds } = outcome;
  const { endpoint, width = 0, height = 0 } = request;
  return {
    ...{ endpoint, inferenceSeconds, stageSeconds },
    model: routeOf(request),
    pictures: pictures.length,
    pixels: pictures.length * width * height,
  };
}
