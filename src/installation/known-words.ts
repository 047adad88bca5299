import { stat } from 'node:fs/promises';
import path from 'node:path';
import { CheckpointError } from '../checkpoints/checkpoint-error.ts';
import { readJsonObject } from '../checkpoints/json-file.ts';
import type { KnownWords, ServedKnownWords } from '../contract/known-words.ts';
import { findInstallation, type InstalledModel } from './installation.ts';

/** The file of a model's folder that says what the model knows, where that is little. */
export const knownWordsName = 'known-words.json';

/** @throws CheckpointError naming file, key and what it must be. */
export async function readKnownWords(file: string): Promise<KnownWords> {
  const json = await readJsonObject(file);
  const fail = (key: string, expected: string): never => {
    throw new CheckpointError(`${file}: ${key} must be ${expected}`);
  };
  const text = (key: string): string => {
    const value = json[key];
    return typeof value === 'string' && value !== '' ? value : fail(key, 'a text');
  };
  const texts = (key: string): readonly string[] => {
    const value = json[key];
    const isTexts =
      Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
    return isTexts ? value : fail(key, 'an array of texts');
  };
  const words = texts('words');
  if (words.some((word) => word !== word.toLowerCase())) fail('words', 'in lower case');
  return { name: text('name'), note: text('note'), words, examples: texts('examples') };
}

/**
 * What the models of a folder that know little know, each with the names it is served under.
 * @param only as findInstallation has it. @throws as findInstallation and readKnownWords.
 */
export async function listKnownWords(
  modelsDir: string,
  only: readonly string[] = [],
): Promise<ServedKnownWords[]> {
  const served = new Map<InstalledModel, string[]>();
  for (const [name, model] of await findInstallation(modelsDir, only))
    served.set(model, [...(served.get(model) ?? []), name]);
  const known: ServedKnownWords[] = [];
  for (const [model, serves] of served) {
    // A single file lies in the models folder itself, which is no model's.
    if (path.resolve(model.directory) === path.resolve(modelsDir)) continue;
    const file = path.join(model.directory, knownWordsName);
    if (await isThere(file)) known.push({ ...(await readKnownWords(file)), model: model.name, serves });
  }
  return known;
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
