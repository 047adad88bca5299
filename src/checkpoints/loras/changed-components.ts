import type { Checkpoint, Component } from '../checkpoint.ts';

/** Which components of a checkpoint another, made from it, has other weights in. */
export interface ChangedComponents {
  readonly unet: boolean;
  /** Parallel to the text encoders. */
  readonly textEncoders: readonly boolean[];
}

export function changedComponents(before: Checkpoint, after: Checkpoint): ChangedComponents {
  return {
    unet: isChanged(before.unet, after.unet),
    textEncoders: after.textEncoders.map((component, index) =>
      isChanged(before.textEncoders[index]!, component),
    ),
  };
}

function isChanged(before: Component<unknown>, after: Component<unknown>): boolean {
  return [...after.tensors].some(([name, location]) => before.tensors.get(name) !== location);
}
