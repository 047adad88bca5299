import type { Component } from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { isIgnorableTensor } from './safetensors/safetensors.ts';

/**
 * Holds a component's tensors against what its config calls for.
 * @param expected published tensor name -> shape, every tensor the network computes with.
 * @throws CheckpointError naming the file and the first missing, wrongly shaped or surplus tensor, and how
 * many there are.
 */
export function requireTensors(
  component: Component<unknown>,
  expected: ReadonlyMap<string, readonly number[]>,
): void {
  const missing = [...expected.keys()].filter((name) => !component.tensors.has(name));
  if (missing.length > 0)
    throw new CheckpointError(
      `${component.directory}: tensor "${missing[0]}" is missing although the config calls for it${others(missing)}`,
    );
  for (const [name, shape] of expected) {
    const { file, shape: actual } = component.tensors.get(name)!;
    if (actual.length !== shape.length || actual.some((extent, axis) => extent !== shape[axis]))
      throw new CheckpointError(
        `${file}: tensor "${name}" has shape [${actual}] where the config calls for [${shape}]`,
      );
  }
  const surplus = [...component.tensors.keys()].filter(
    (name) => !expected.has(name) && !isIgnorableTensor(name),
  );
  if (surplus.length > 0)
    throw new CheckpointError(
      `${component.tensors.get(surplus[0]!)!.file}: tensor "${surplus[0]}" has no place in the network the config describes${others(surplus)}`,
    );
}

function others(names: readonly string[]): string {
  return names.length > 1 ? ` (and ${names.length - 1} more)` : '';
}
