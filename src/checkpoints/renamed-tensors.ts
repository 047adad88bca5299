import type { TensorLocation } from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';

/**
 * A file's tensors under their published names.
 * @throws CheckpointError naming the file and both names where two mean one tensor.
 */
export function renamedOnce(
  tensors: ReadonlyMap<string, TensorLocation>,
  rename: (name: string, location: TensorLocation) => readonly [published: string, TensorLocation],
): Map<string, TensorLocation> {
  const result = new Map<string, TensorLocation>();
  const givenAs = new Map<string, string>();
  for (const [name, location] of tensors) {
    const [published, place] = rename(name, location);
    refuseSecondName(givenAs, published, name, location.file);
    result.set(published, place);
  }
  return result;
}

/**
 * Notes under which name a tensor was given.
 * @throws CheckpointError where it was given under another before.
 */
export function refuseSecondName(
  givenAs: Map<string, string>,
  published: string,
  name: string,
  file: string,
): void {
  const other = givenAs.get(published);
  if (other !== undefined)
    throw new CheckpointError(`${file}: tensors "${other}" and "${name}" are both ${published}`);
  givenAs.set(published, name);
}
