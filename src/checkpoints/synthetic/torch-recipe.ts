import type { Recipe } from './recipes.ts';
import { elementCount, type Shapes } from './shapes.ts';

/**
 * The distributions that torch gives new layers (torch 2.13, nn/modules: Linear and _ConvNd.reset_parameters,
 * kaiming_uniform_ with a = sqrt(5)): weights and biases uniform within 1 / sqrt(fan-in), norms one and zero;
 * embeddings have unit variance, though uniform instead of normal. Depth does not add up and attention stays
 * soft, so two implementations differ by little more than their rounding: at SDXL's size this UNet and
 * diffusers' agree within 1.6e-6, while on unetRecipe's weights torch's float32 is 4.5e-5 from its float64.
 */
export function torchRecipe(name: string, shape: readonly number[], shapes: Shapes): Recipe {
  if (/norm\w*\.weight$/.test(name)) return { offset: 1, amplitude: 0 };
  if (/norm\w*\.bias$/.test(name)) return { offset: 0, amplitude: 0 };
  if (/embedding\.weight$/.test(name)) return { offset: 0, amplitude: Math.sqrt(3) };
  const weight = name.endsWith('.bias') ? shapes.get(name.replace(/bias$/, 'weight')) : shape;
  if (weight === undefined) throw new Error(`${name} is a bias without a weight`);
  return { offset: 0, amplitude: 1 / Math.sqrt(elementCount(weight.slice(1))) };
}
