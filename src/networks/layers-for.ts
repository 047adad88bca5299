import { cudaLayers } from '../graphs/cuda-layers.ts';
import type { Precision } from '../graphs/graph.ts';
import type { Flavour } from '../graphs/layers.ts';
import { portableLayers } from '../graphs/portable-layers.ts';
import { type Device, isCuda } from './runtime/device.ts';

/** What UNet and text encoders compute in; of the VAE see VaeOptions. */
export function computePrecision(device: Device): Precision {
  return isCuda(device) ? 'float16' : 'float32';
}

/**
 * The layers a network is built of for a device.
 * @param precision what it computes in on CUDA; elsewhere that is float32.
 */
export function layersFor(device: Device, precision: Precision): Flavour {
  return isCuda(device) ? cudaLayers(precision) : portableLayers;
}
