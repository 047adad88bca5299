import { createNoiseSource } from '../../../src/numerics/noise-source.ts';
import type { Mixture } from '../testbeds/mixture.ts';

/** Root of the mean squared difference. */
export function rootMeanSquare(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`cannot compare ${a.length} with ${b.length} values`);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(sum / a.length);
}

const directionsInThePlane = 16;

/**
 * Quantiles of the mixture along directions evenly spread over the half circle, one per point of a sample of
 * `points`.
 */
export interface ProjectedMixture {
  readonly directions: readonly (readonly [number, number])[];
  /** Rising, per direction. */
  readonly quantiles: readonly Float64Array[];
}

/**
 * Projections of a mixture of round normals are mixtures of normals on the line, whose quantiles can be
 * found.
 */
export function projectedMixture({ components }: Mixture, points: number): ProjectedMixture {
  const directions = Array.from({ length: directionsInThePlane }, (_, i) => {
    const angle = (Math.PI * i) / directionsInThePlane;
    return [Math.cos(angle), Math.sin(angle)] as const;
  });
  const quantiles = directions.map(([x, y]) => {
    const line = components.map(({ weight, mean, deviation }) => ({
      weight,
      deviation,
      mean: mean[0] * x + mean[1] * y,
    }));
    let last = 0;
    return Float64Array.from({ length: points }, (_, i) => {
      last = lineQuantile(line, (i + 0.5) / points, last);
      return last;
    });
  });
  return { directions, quantiles };
}

interface LineComponent {
  readonly weight: number;
  readonly mean: number;
  readonly deviation: number;
}

export function lineCumulative(line: readonly LineComponent[], x: number): number {
  return line.reduce(
    (sum, { weight, mean, deviation }) => sum + weight * normalCumulative((x - mean) / deviation),
    0,
  );
}

/**
 * Where the cumulative distribution is `share`: Newton's method, halving the bracket where that leaves it.
 * @param start a guess.
 */
export function lineQuantile(line: readonly LineComponent[], share: number, start = 0): number {
  let low = Math.min(...line.map(({ mean, deviation }) => mean - 8 * deviation));
  let high = Math.max(...line.map(({ mean, deviation }) => mean + 8 * deviation));
  let x = start > low && start < high ? start : (low + high) / 2;
  while (high - low > quantileTolerance) {
    const above = lineCumulative(line, x) - share;
    if (above < 0) low = x;
    else high = x;
    const step = above / lineDensity(line, x);
    if (Math.abs(step) < quantileTolerance) return x - step;
    x = x - step > low && x - step < high ? x - step : (low + high) / 2;
  }
  return x;
}

const quantileTolerance = 1e-9;

function lineDensity(line: readonly LineComponent[], x: number): number {
  return line.reduce(
    (sum, { weight, mean, deviation }) =>
      sum + ((weight / deviation) * Math.exp(((x - mean) / deviation) ** 2 / -2)) / Math.sqrt(2 * Math.PI),
    0,
  );
}

/**
 * Abramowitz & Stegun 7.1.26 would give seven digits; this series and continued fraction (6.5.29, 26.2.14)
 * give fifteen.
 */
function normalCumulative(z: number): number {
  const size = Math.abs(z);
  const density = Math.exp((-size * size) / 2) / Math.sqrt(2 * Math.PI);
  let above: number;
  if (size < 3) {
    let [term, sum] = [size, size];
    for (let k = 3; Math.abs(term) > 1e-17; k += 2) {
      term *= (size * size) / k;
      sum += term;
    }
    above = 0.5 - density * sum;
  } else {
    let fraction = size;
    for (let k = 60; k >= 1; k--) fraction = size + k / fraction;
    above = density / fraction;
  }
  return z < 0 ? above : 1 - above;
}

/**
 * Sliced 1-Wasserstein distance (Rabin et al. 2011, Bonneel et al. 2015) of points, x and y in turn, to the
 * exact mixture: the mean distance of sorted projections to the projection's quantiles.
 */
export function distanceToMixture(points: Float32Array, { directions, quantiles }: ProjectedMixture): number {
  let sum = 0;
  for (const [index, [x, y]] of directions.entries()) {
    const projections = new Float64Array(points.length / 2);
    for (let i = 0; i < projections.length; i++) projections[i] = x * points[2 * i]! + y * points[2 * i + 1]!;
    sum += meanDistance(projections.sort(), quantiles[index]!);
  }
  return sum / directions.length;
}

const directionsAmongChannels = 32;
/** Any fixed number: the same directions in every report. */
const directionSeed = 8;

/**
 * Sliced 1-Wasserstein distance of two sets of pictures' latents [channels, positions], each position of each
 * picture being one point: whether the values are spread alike, wherever in the picture they are.
 */
export function distanceOfLatents(
  a: readonly Float32Array[],
  b: readonly Float32Array[],
  channels: number,
): number {
  const normals = createNoiseSource({
    rng: 'philox',
    seed: directionSeed,
    length: directionsAmongChannels * channels,
  }).normal();
  let sum = 0;
  for (let index = 0; index < directionsAmongChannels; index++) {
    const row = normals.subarray(index * channels, (index + 1) * channels);
    const norm = Math.hypot(...row);
    const direction = row.map((value) => value / norm);
    sum += meanDistance(projected(a, direction).sort(), projected(b, direction).sort());
  }
  return sum / directionsAmongChannels;
}

function projected(pictures: readonly Float32Array[], direction: Float32Array): Float64Array {
  const positions = pictures[0]!.length / direction.length;
  const values = new Float64Array(pictures.length * positions);
  for (const [index, picture] of pictures.entries())
    for (let channel = 0; channel < direction.length; channel++)
      for (let position = 0; position < positions; position++)
        values[index * positions + position]! +=
          direction[channel]! * picture[channel * positions + position]!;
  return values;
}

function meanDistance(sorted: Float64Array, other: Float64Array): number {
  if (sorted.length !== other.length)
    throw new RangeError(`cannot compare ${sorted.length} with ${other.length} points`);
  let sum = 0;
  for (let i = 0; i < sorted.length; i++) sum += Math.abs(sorted[i]! - other[i]!);
  return sum / sorted.length;
}
