import type { Checkpoint, Component, TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { readSafetensorsHeader } from '../safetensors/safetensors.ts';

/**
 * The checkpoint with some tensors taken from a side file, which names them `component.tensor`.
 * @throws CheckpointError naming the file and a tensor that the checkpoint does not have.
 */
export async function withTensorsFrom(checkpoint: Checkpoint, file: string): Promise<Checkpoint> {
  const { tensors } = await readSafetensorsHeader(file);
  const known = new Set(
    [checkpoint.unet, ...checkpoint.textEncoders].flatMap((component) =>
      [...component.tensors.keys()].map((name) => `${component.name}.${name}`),
    ),
  );
  const stranger = [...tensors.keys()].find((name) => !known.has(name));
  if (stranger !== undefined)
    throw new CheckpointError(`${file}: tensor "${stranger}" is none of ${checkpoint.directory}`);
  return withTensors(checkpoint, tensors);
}

/**
 * The checkpoint with other tensors in place of those named `component.tensor`. Copies of what they replace
 * are left out, but for those that something is to be added to.
 */
export function withTensors(
  checkpoint: Checkpoint,
  replaced: ReadonlyMap<string, TensorLocation>,
): Checkpoint {
  const change = <Config>(component: Component<Config>): Component<Config> => {
    const tensors = new Map(component.tensors);
    const channelsLast = component.channelsLast && new Map(component.channelsLast);
    for (const [name, before] of component.tensors) {
      const location = replaced.get(`${component.name}.${name}`);
      if (location === undefined || location === before) continue;
      tensors.set(name, location);
      if (location.pending === undefined) channelsLast?.delete(name);
    }
    return { ...component, tensors, ...(channelsLast && { channelsLast }) };
  };
  return {
    ...checkpoint,
    unet: change(checkpoint.unet),
    textEncoders: checkpoint.textEncoders.map(change),
  };
}
