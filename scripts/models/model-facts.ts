import type { Checkpoint, Component, Dtype } from '../../src/checkpoints/checkpoint.ts';

const names: Readonly<Record<Dtype, string>> = { F32: 'fp32', F16: 'fp16', BF16: 'bf16' };
const elementBytes: Readonly<Record<Dtype, number>> = { F32: 4, F16: 2, BF16: 2 };

/** The components of a checkpoint in the order in which a request passes them. */
export function componentsOf({ textEncoders, unet, vae }: Checkpoint): Component<unknown>[] {
  return [...textEncoders, unet, vae];
}

/** Element types of the tensors, the commonest first: "fp16", or "fp16+fp32" where they are mixed. */
export function dtypeOf(components: readonly Component<unknown>[]): string {
  const bytes = new Map<Dtype, number>();
  for (const { tensors } of components)
    for (const { dtype, byteLength } of tensors.values())
      bytes.set(dtype, (bytes.get(dtype) ?? 0) + byteLength);
  return [...bytes]
    .sort(([, a], [, b]) => b - a)
    .map(([dtype]) => names[dtype])
    .join('+');
}

/** Files the tensors lie in. */
export function filesOf(components: readonly Component<unknown>[]): string[] {
  return [...new Set(components.flatMap(({ tensors }) => [...tensors.values()].map(({ file }) => file)))];
}

/** Bytes of a component's tensors as they are stored. */
export function storedBytes({ tensors }: Component<unknown>): number {
  return [...tensors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** How many numbers a component has. */
export function parametersOf({ tensors }: Component<unknown>): number {
  return [...tensors.values()].reduce(
    (sum, { byteLength, dtype }) => sum + byteLength / elementBytes[dtype],
    0,
  );
}

/**
 * Bytes of weights on a CUDA device: UNet and text encoders as they are stored, the VAE in float32 (float16 overflows in
 * SDXL's). On the CPU everything is float32.
 */
export function weightBytes(checkpoint: Checkpoint, device: 'cpu' | 'cuda'): number {
  return componentsOf(checkpoint).reduce(
    (sum, component) =>
      sum +
      (device === 'cuda' && component !== checkpoint.vae
        ? storedBytes(component)
        : 4 * parametersOf(component)),
    0,
  );
}
