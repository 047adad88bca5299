import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** The checkpoints of a models folder by the name they are served under: `sdxl-base`, `sdxl-refiner`, or a `base_model`. */
export type Installation = ReadonlyMap<string, string>;

/** Served names of the two checkpoints behind sdxl-torch; every other name is a `base_model` of sdxl-img2img. */
export const baseName = 'sdxl-base';
export const refinerName = 'sdxl-refiner';

/** Optional file of a models folder that gives folders other names. */
export const aliasFile = 'models.json';

/**
 * A sub-folder with a model_index.json is served under its own name, or under the names that `models.json`
 * ({"served name": "folder"}) gives it, so that one checkpoint can stand behind several.
 * @throws Error naming the folder or file that is missing or wrong.
 */
export async function findInstallation(modelsDir: string): Promise<Installation> {
  const folders = await readdir(modelsDir).catch((cause: NodeJS.ErrnoException) => {
    const reason = cause.code === 'ENOENT' ? 'the folder does not exist' : cause.message;
    throw new Error(`${modelsDir}: ${reason}`, { cause });
  });
  const aliases = await readAliases(modelsDir);
  const renamed = new Set(Object.values(aliases));
  const installed = new Map<string, string>();
  for (const folder of folders.filter((name) => !renamed.has(name)).sort()) {
    const directory = path.join(modelsDir, folder);
    if (await isFile(path.join(directory, 'model_index.json'))) installed.set(folder, directory);
  }
  for (const [name, folder] of Object.entries(aliases)) {
    const directory = path.join(modelsDir, folder);
    if (!(await isFile(path.join(directory, 'model_index.json')))) {
      throw new Error(
        `${path.join(modelsDir, aliasFile)}: ${name} is said to be in ${JSON.stringify(folder)}, where there is no model_index.json`,
      );
    }
    installed.set(name, directory);
  }
  if (installed.size === 0) {
    throw new Error(
      `${modelsDir}: no checkpoint found; expected folders such as ${baseName}/model_index.json`,
    );
  }
  return installed;
}

async function readAliases(modelsDir: string): Promise<Record<string, string>> {
  const file = path.join(modelsDir, aliasFile);
  if (!(await isFile(file))) return {};
  const aliases = parseJson(await readFile(file, 'utf8'), file);
  if (typeof aliases !== 'object' || aliases === null || Array.isArray(aliases)) {
    throw new Error(`${file}: expected an object of names and folders`);
  }
  for (const [name, folder] of Object.entries(aliases)) {
    if (typeof folder !== 'string' || path.basename(folder) !== folder || folder.startsWith('.')) {
      throw new Error(`${file}: ${name} must name a folder beside the file, got ${JSON.stringify(folder)}`);
    }
  }
  return aliases as Record<string, string>;
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file}: ${(cause as Error).message}`, { cause });
  }
}

async function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (entry) => entry.isFile(),
    () => false,
  );
}
