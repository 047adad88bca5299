import type { Effects } from './effects.ts';
import { measureEffects } from './effects.ts';
import { serveJobs } from './farm.ts';
import type { Expectation } from './judge-picture.ts';
import { openPainter } from './painter.ts';

export interface EffectJob {
  readonly prompts: readonly Expectation[];
  readonly index: number;
}

/** The process of one job after another: `effect-jobs.ts MODELS_DIR THREADS`. */
if (import.meta.main) {
  const painter = await openPainter(process.argv[2]!, Number(process.argv[3]));
  serveJobs<EffectJob, Effects>(({ prompts, index }) => measureEffects(painter, prompts, index));
}
