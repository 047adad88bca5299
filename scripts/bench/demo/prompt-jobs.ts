import { writeFile } from 'node:fs/promises';
import { encodeImage } from '../../../src/images/encode-image.ts';
import { serveJobs } from './farm.ts';
import { openPainter } from './painter.ts';
import { planarPixels } from './planar-pixels.ts';

/** A picture to be made at the API's defaults. */
export interface PromptJob {
  readonly prompt: string;
  readonly seed: number;
  /** The PNG that is to be written. */
  readonly file: string;
}

export interface PromptOutcome {
  readonly file: string;
}

/** The process of one job after another: `prompt-jobs.ts MODELS_DIR THREADS`. */
if (import.meta.main) {
  const painter = await openPainter(process.argv[2]!, Number(process.argv[3]));
  serveJobs<PromptJob, PromptOutcome>(async ({ prompt, seed, file }) => {
    const { picture } = await painter.fromText({ prompt, seed });
    const { width, height } = picture;
    await writeFile(file, await encodeImage(planarPixels(picture), width, height, 'png'));
    return { file };
  });
}
