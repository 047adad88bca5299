import type { VaeDecoder } from '../../networks/networks.ts';
import { unscaledLatents } from '../../networks/networks.ts';
import { leastSquares } from '../../numerics/least-squares.ts';
import { createPhiloxNormals } from '../../numerics/philox-normals.ts';

/**
 * Red, green and blue (-1 ... 1) of a latent position as a linear function of its channels, scaled as the
 * networks see them.
 */
export interface LatentColours {
  /** One row of red, green, blue for each channel. */
  readonly factors: readonly (readonly number[])[];
  readonly bias: readonly number[];
}

/**
 * Values: ComfyUI, comfy/latent_formats.py at 040a3243, `SDXL.latent_rgb_factors` and
 * `latent_rgb_factors_bias`.
 */
const sdxlColours: LatentColours = {
  factors: [
    [0.3651, 0.4232, 0.4341],
    [-0.2533, -0.0042, 0.1068],
    [0.1076, 0.1111, -0.0362],
    [-0.3165, -0.2492, -0.2188],
  ],
  bias: [0.1084, -0.0175, -0.0011],
};
/**
 * scaling_factor in the config of SDXL's VAE and of its repairs; the VAE of earlier models has four channels
 * too, but 0.18215.
 */
const sdxlScalingFactor = 0.13025;

const fitted = new WeakMap<VaeDecoder, Promise<LatentColours>>();

/** What a VAE's latents look like: known for SDXL's, measured once for any other. */
export function latentColours(decoder: VaeDecoder): Promise<LatentColours> {
  const { channels, scalingFactor, latentStatistics } = decoder;
  if (channels === 4 && scalingFactor === sdxlScalingFactor && latentStatistics === undefined)
    return Promise.resolve(sdxlColours);
  const before = fitted.get(decoder);
  if (before !== undefined) return before;
  const found = fitLatentColours(decoder);
  fitted.set(decoder, found);
  // A failure is not remembered.
  found.catch(() => fitted.delete(decoder));
  return found;
}

/**
 * Knots of the random latents on each side for every column to be fitted, squared, and latent positions
 * between two of them.
 */
const knotsPerColumn = 4;
const positionsPerKnot = 3;

/**
 * Decodes one small picture of smooth random latents (independent ones from position to position look like
 * nothing the decoder was trained on) and fits the mean colour of the pixels that belong to each position.
 */
async function fitLatentColours(decoder: VaeDecoder): Promise<LatentColours> {
  const { channels, factor } = decoder;
  const knots = Math.ceil(Math.sqrt(knotsPerColumn * (channels + 1)));
  const side = positionsPerKnot * (knots - 1);
  const latents = smoothNormals(channels, knots, side);
  const pixels = await decoder.decode(unscaledLatents(latents, decoder), side, side);
  const area = side * side;
  const rows = Array.from({ length: area }, (_, at) => [
    ...Array.from({ length: channels }, (_, channel) => latents[channel * area + at]!),
    1,
  ]);
  const byColour = [0, 1, 2].map((colour) => leastSquares(rows, meanColours(pixels, colour, side, factor)));
  const row = (index: number) => byColour.map((coefficients) => coefficients[index]!);
  return { factors: Array.from({ length: channels }, (_, channel) => row(channel)), bias: row(channels) };
}

/** [channels, side, side]: normal numbers on knots x knots points, bilinear between them. */
function smoothNormals(channels: number, knots: number, side: number): Float32Array {
  const grid = new Float32Array(channels * knots * knots);
  createPhiloxNormals(0)(grid);
  const latents = new Float32Array(channels * side * side);
  for (let channel = 0; channel < channels; channel++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const [row, down] = [Math.floor(y / positionsPerKnot), (y % positionsPerKnot) / positionsPerKnot];
        const [column, right] = [Math.floor(x / positionsPerKnot), (x % positionsPerKnot) / positionsPerKnot];
        const at = (channel * knots + row) * knots + column;
        const upper = grid[at]! * (1 - right) + grid[at + 1]! * right;
        const lower = grid[at + knots]! * (1 - right) + grid[at + knots + 1]! * right;
        latents[(channel * side + y) * side + x] = upper * (1 - down) + lower * down;
      }
  return latents;
}

/** Mean of one colour over the factor x factor pixels of each latent position. */
function meanColours(pixels: Float32Array, colour: number, side: number, factor: number): number[] {
  const width = side * factor;
  const sums = new Array<number>(side * side).fill(0);
  for (let y = 0; y < width; y++)
    for (let x = 0; x < width; x++)
      sums[Math.floor(y / factor) * side + Math.floor(x / factor)]! +=
        pixels[(colour * width + y) * width + x]! / factor ** 2;
  return sums;
}
