import { cudaLayers } from '../graphs/cuda-layers.ts';
import type { Precision } from '../graphs/graph.ts';
import type { Flavour } from '../graphs/layers.ts';
import { portableLayers } from '../graphs/portable-layers.ts';
import { type Device, isCuda } from './runtime/device.ts';
import type { NetworkOptions } from './runtime/session.ts';

/** What UNet and text encoders compute in; of the VAE see VaeOptions. */
export function computePrecision(device: Device): Precision {
  return isCuda(device) ? 'float16' : 'float32';
}

/**
 * Whether the same request gives the same bytes each time on one device, driver and build: on the CPU all
 * operators add in the same order, on CUDA where that was asked for.
 */
export function isRepeatable({
  device,
  deterministic = false,
}: Pick<NetworkOptions, 'device' | 'deterministic'>): boolean {
  return device === 'cpu' || (isCuda(device) && deterministic);
}

/**
 * The layers a network is built of for a device.
 * @param precision what it computes in on CUDA; elsewhere that is float32.
 */
export function layersFor(
  { device, deterministic = false }: Pick<NetworkOptions, 'device' | 'deterministic'>,
  precision: Precision,
): Flavour {
  return isCuda(device) ? cudaLayers(precision, { deterministic }) : portableLayers;
}
