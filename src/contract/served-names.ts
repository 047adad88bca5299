/**
 * Served names of the two checkpoints behind sdxl-torch as it is published; every other is a `base_model` of
 * sdxl-img2img and a `model` of text to image.
 */
export const baseName = 'sdxl-base';
export const refinerName = 'sdxl-refiner';

/** Whether requests may reach a model by this name; it is also a safe folder name. */
export function isServedName(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text);
}
