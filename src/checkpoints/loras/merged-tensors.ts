import type { Checkpoint, Component } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { readSafetensorsHeader } from '../safetensors/safetensors.ts';

/**
 * The checkpoint with some tensors taken from a side file, which names them `component.tensor`; copies of those
 * it replaces are left out.
 * @throws CheckpointError naming the file and a tensor that the checkpoint does not have.
 */
export async function withTensorsFrom(checkpoint: Checkpoint, file: string): Promise<Checkpoint> {
  const { tensors: replaced } = await readSafetensorsHeader(file);
  const unplaced = new Set(replaced.keys());
  const change = <Config>(component: Component<Config>): Component<Config> => {
    const tensors = new Map(component.tensors);
    const channelsLast = component.channelsLast && new Map(component.channelsLast);
    for (const name of tensors.keys()) {
      const location = replaced.get(`${component.name}.${name}`);
      if (location === undefined) continue;
      tensors.set(name, location);
      channelsLast?.delete(name);
      unplaced.delete(`${component.name}.${name}`);
    }
    return { ...component, tensors, ...(channelsLast && { channelsLast }) };
  };
  const changed = {
    ...checkpoint,
    unet: change(checkpoint.unet),
    textEncoders: checkpoint.textEncoders.map(change),
  };
  const [first] = unplaced;
  if (first !== undefined)
    throw new CheckpointError(`${file}: tensor "${first}" is none of ${checkpoint.directory}`);
  return changed;
}
