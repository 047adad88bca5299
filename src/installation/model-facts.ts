import type { Checkpoint, Component, Dtype } from '../checkpoints/checkpoint.ts';
import type { ExportedCheckpoint } from '../checkpoints/exported/exported-folder.ts';
import { isExported, type OpenedModel } from './open-model.ts';

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
  return sum([...tensors.values()].map(({ byteLength }) => byteLength));
}

/** How many numbers a component has. */
function parametersOf({ tensors }: Component<unknown>): number {
  return sum([...tensors.values()].map(({ byteLength, dtype }) => byteLength / elementBytes[dtype]));
}

/**
 * Bytes of weights once they are loaded: float32, but for the UNet and the text encoders on CUDA. Exported
 * networks: their files.
 */
export function loadedBytes(model: OpenedModel, device: 'cpu' | 'cuda'): number {
  if (isExported(model)) return sum(exportedNetworks(model).map(({ bytes }) => bytes));
  const { textEncoders, unet, vae } = model;
  const computed = sum([...textEncoders, unet].map(parametersOf));
  return (device === 'cuda' ? 2 : 4) * computed + 4 * parametersOf(vae);
}

/** Bytes of a UNet's weights on CUDA. */
export function cudaUnetBytes(model: OpenedModel): number {
  return isExported(model) ? model.unet.bytes : 2 * parametersOf(model.unet);
}

/** The networks of an exported checkpoint in the order in which a request passes them. */
export function exportedNetworks({ textEncoders, unet, vaeEncoder, vaeDecoder }: ExportedCheckpoint) {
  return [...textEncoders, vaeEncoder, unet, vaeDecoder];
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
