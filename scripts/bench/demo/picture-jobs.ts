import { writeFile } from 'node:fs/promises';
import type { Endpoint } from '../../../src/contract/endpoints.ts';
import { encodeImage } from '../../../src/images/encode-image.ts';
import { findScheduler } from '../../../src/schedulers/registry.ts';
import { type Detection, detectThings } from './detect-things.ts';
import { serveJobs } from './farm.ts';
import { type Expectation, judgePicture, type Verdict } from './judge-picture.ts';
import { openPainter } from './painter.ts';
import { planarPixels } from './planar-pixels.ts';

/** One picture to be made and judged. */
export interface PictureJob {
  /** What tells it from other jobs. */
  readonly id: string;
  readonly expected: Expectation;
  /** Fields beside prompt and scheduler, as a client would send them. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Undefined for the API's default. */
  readonly scheduler: { readonly endpoint: Endpoint; readonly name: string } | undefined;
  /** A PNG that is to be written. */
  readonly save: string | undefined;
}

export interface PictureOutcome {
  readonly id: string;
  readonly verdict: Verdict;
  readonly detection: Detection;
  /** Seconds by stage, with `detect` among them. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** The process of one job after another: `picture-jobs.ts MODELS_DIR THREADS`. */
if (import.meta.main) {
  const painter = await openPainter(process.argv[2]!, Number(process.argv[3]));
  serveJobs<PictureJob, PictureOutcome>(async ({ id, expected, body, scheduler, save }) => {
    const definition = scheduler && findScheduler(scheduler.endpoint, scheduler.name);
    const { picture, seconds } = await painter.fromText({ ...body, prompt: expected.prompt }, definition);
    const { width, height } = picture;
    if (save !== undefined)
      await writeFile(save, await encodeImage(planarPixels(picture), width, height, 'png'));
    const started = performance.now();
    const detection = detectThings(picture);
    const detect = (performance.now() - started) / 1000;
    return { id, verdict: judgePicture(expected, detection), detection, seconds: { ...seconds, detect } };
  });
}
