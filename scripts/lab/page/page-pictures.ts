import { restrictedSharp } from '../../../src/images/restricted-sharp.ts';
import type { LabOptions } from '../options.ts';
import type { LabResults } from '../run-lab.ts';

/** The pictures of the page. */
export interface PagePictures {
  /** Side in pixels. */
  readonly side: number;
  /** WebP in base64, each once. */
  readonly files: readonly string[];
  /**
   * `entry|steps|seed|prompt` -> index in `files`; `converged` in place of steps is what most steps were
   * compared with.
   */
  readonly index: Readonly<Record<string, number>>;
}

const sides = [256, 224, 192, 160, 128, 112, 96, 80, 64, 48];
const quality = 55;
/** Pictures of which the size of all is estimated before a side is tried on all of them. */
const sampled = 24;

/**
 * The pictures of all runs, as large as fit into `bytes` of base64.
 * @throws Error where not even the smallest do.
 */
export async function pagePictures(
  options: LabOptions,
  results: LabResults,
  bytes: number,
): Promise<PagePictures> {
  const keys = new Map<string, string>();
  for (const { entry, steps, seed, prompt, key, hasPicture } of results.cells)
    if (hasPicture) keys.set(`${entry}|${steps}|${seed}|${prompt}`, key);
  const { pictures, store } = results;
  for (const entry of options.entries)
    for (const seed of options.seeds)
      for (const prompt of options.prompts.keys()) {
        const most = options.steps.at(-1)!;
        const reference = pictures?.testbed?.reference(entry, most, seed, prompt);
        if (reference) keys.set(`${entry.id}|converged|${seed}|${prompt}`, reference.key);
      }
  const unique = [...new Set(keys.values())];
  const shrink = async (key: string, side: number) =>
    (
      await restrictedSharp(store.picture(key))
        .resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
        .webp({ quality, effort: 6 })
        .toBuffer()
    ).toString('base64');
  const shrunk = async (some: readonly string[], side: number) => {
    const files: string[] = [];
    for (const key of some) files.push(await shrink(key, side));
    return files;
  };
  const index = Object.fromEntries([...keys].map(([name, key]) => [name, unique.indexOf(key)]));
  const room = bytes - JSON.stringify(index).length;
  const every = Math.max(1, Math.floor(unique.length / sampled));
  const some = unique.filter((_, i) => i % every === 0);
  for (const side of sides) {
    const estimate = (total(await shrunk(some, side)) * unique.length) / Math.max(1, some.length);
    if (estimate > room * 1.05) continue;
    const files = await shrunk(unique, side);
    if (total(files) > room) continue;
    return { side, files, index };
  }
  throw new Error(
    `--page-mb: ${unique.length} pictures do not fit into ${(bytes / 1e6).toFixed(1)} MB even at ${sides.at(-1)} pixels; give more, or fewer seeds or steps`,
  );
}

function total(files: readonly string[]): number {
  // Quotes and comma of the JSON around each.
  return files.reduce((sum, file) => sum + file.length + 3, 0);
}
