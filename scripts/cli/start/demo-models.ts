import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { manifestName } from '../../../src/checkpoints/manifest.ts';
import { baseName, refinerName } from '../../../src/contract/served-names.ts';
import { listModels } from '../../../src/installation/installation.ts';
import { knownWordsName, readKnownWords } from '../../../src/installation/known-words.ts';
import { packageRoot } from '../../../src/process/package-root.ts';
import { makeFolder } from '../../../src/process/usable-path.ts';

/** What is served where MODELS_DIR is not set. */
export interface DefaultModels {
  readonly modelsDir: string;
  /** For people: what it is and what its pictures will be. */
  readonly description: string;
  /** A prompt that shows what it can do. */
  readonly prompt: string;
}

/** Where the checkpoint that ships with this repository lies; its manifests stand behind every name. */
export const shippedModels = path.join(packageRoot, 'models/demo');

/** Marks a folder that was made here; what it holds are links. */
const markName = '.demo';
/** Base and refiner work on one picture, so they come from one place. */
const together: readonly string[] = [baseName, refinerName];

/**
 * The models folder where MODELS_DIR is not set, for server and command line alike: DATA_DIR/models, where
 * `npm run models -- pull` puts what it gets, with links to the demo checkpoint for the names that nothing
 * there serves.
 * @param shipped the demo checkpoint, if not where it ships.
 * @throws Error where there is neither a model nor the demo checkpoint, naming both folders.
 */
export async function defaultModels(dataDir: string, shipped = shippedModels): Promise<DefaultModels> {
  const modelsDir = path.join(dataDir, 'models');
  makeFolder('DATA_DIR', modelsDir);
  // What is wrong with one of them is told by whoever opens the folder.
  const installed = await listModels(modelsDir).catch(() => []);
  const own = installed.filter(({ name }) => !isLinked(modelsDir, name));
  const isThere = await stat(shipped).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  if (!isThere && own.length === 0)
    throw new Error(
      `MODELS_DIR is not set, and the demo checkpoint that would stand in is not in ${shipped}: set MODELS_DIR to a folder of checkpoints, or put one into ${modelsDir}`,
    );
  const taken = new Set(own.flatMap(({ serves }) => serves));
  if (together.some((name) => taken.has(name))) for (const name of together) taken.add(name);
  if (isThere) await linkDemo(shipped, modelsDir, taken);
  return {
    modelsDir,
    ...(await textsOf(
      modelsDir,
      shipped,
      own.map(({ name }) => name),
    )),
  };
}

async function textsOf(
  modelsDir: string,
  shipped: string,
  own: readonly string[],
): Promise<Omit<DefaultModels, 'modelsDir'>> {
  const { draws, prompt } = await whatItKnows(shipped);
  const demo =
    `It has SDXL's architecture${draws}; ` +
    'what it knows and how it was trained: scripts/maintainers/train-demo/README.md';
  if (own.length === 0)
    return {
      description: `MODELS_DIR is not set: a small demo checkpoint (demo-base, demo-refiner) stands behind every model. ${demo}`,
      prompt,
    };
  return {
    description:
      `MODELS_DIR is not set: ${modelsDir} is served (${own.join(', ')}), and a small demo checkpoint stands behind the ` +
      `names that nothing there serves. ${demo}`,
    prompt,
  };
}

/** Of the known-words.json beside its weights: what it draws, as the end of a sentence, and a prompt. */
async function whatItKnows(shipped: string): Promise<{ draws: string; prompt: string }> {
  const file = path.join(shipped, 'demo-base', knownWordsName);
  if (!existsSync(file))
    return { draws: '', prompt: 'a large red circle left of a blue star on a yellow background' };
  const { note, examples } = await readKnownWords(file);
  // What follows the semicolon says what to do where this model stands in.
  return { draws: ` and ${note.split(';')[0]!.replace(/^it /, '')}`, prompt: examples[0]! };
}

/** Whether a folder of the models folder was made by `linkDemo`. */
function isLinked(modelsDir: string, name: string): boolean {
  return existsSync(path.join(modelsDir, name, markName));
}

/**
 * Links each model of the demo under the names that are not taken, and takes away what was linked for others.
 * What is right already stays untouched: a server may be at work on it.
 */
async function linkDemo(shipped: string, modelsDir: string, taken: ReadonlySet<string>): Promise<void> {
  const wanted = new Map<string, { readonly directory: string; readonly manifest: string }>();
  for (const { name, directory, serves } of await listModels(shipped)) {
    const left = serves.filter((served) => !taken.has(served));
    const isOwn = existsSync(path.join(modelsDir, name)) && !isLinked(modelsDir, name);
    if (left.length === 0 || isOwn) continue;
    const manifest = JSON.parse(await readFile(path.join(directory, manifestName), 'utf8')) as object;
    const text = `${JSON.stringify({ ...manifest, serves: left }, null, 2)}\n`;
    wanted.set(name, { directory, manifest: text });
  }
  for (const name of await readdir(modelsDir))
    if (isLinked(modelsDir, name) && !(await isRight(path.join(modelsDir, name), wanted.get(name))))
      await rm(path.join(modelsDir, name), { recursive: true });
  for (const [name, { directory, manifest }] of wanted) {
    const folder = path.join(modelsDir, name);
    if (existsSync(folder)) continue;
    await mkdir(folder);
    await writeFile(path.join(folder, markName), directory);
    await writeFile(path.join(folder, manifestName), manifest);
    for (const entry of await readdir(directory))
      if (entry !== manifestName && !entry.startsWith('.'))
        await symlink(path.join(directory, entry), path.join(folder, entry));
  }
}

async function isRight(
  folder: string,
  wanted: { readonly directory: string; readonly manifest: string } | undefined,
): Promise<boolean> {
  const read = (name: string): Promise<string> => readFile(path.join(folder, name), 'utf8').catch(() => '');
  return (await read(markName)) === wanted?.directory && (await read(manifestName)) === wanted.manifest;
}
