import { firstSeedWord } from './seed-sequence.ts';

/** Entropy pool of torchsde's BrownianTree. */
const poolSize = 24;
/** Points kept with their values: a two-stage step asks for its start, its middle and its end. */
const keptPoints = 4;

/** An interval of the dyadic tree; the children split it at `middle`. */
interface Interval {
  readonly start: number;
  readonly end: number;
  readonly middle: number;
  /** Address in the tree: left child 2 key, right child 2 key + 1. */
  readonly key: number;
  readonly increment: Float32Array;
  /** Increment over [start, middle], the right child having the rest. */
  readonly leftIncrement: Float32Array;
}

/** Fills its argument with the standard normals of one `randn` call on a fresh generator with this seed. */
export type FillNormals = (seed: number, values: Float32Array) => void;

/**
 * Brownian motion over [start, end] as torchsde's BrownianTree(t0, t1, entropy) defines it
 * (google-research/torchsde torchsde/_brownian/brownian_interval.py, halfway_tree, tol 1e-6, pool 24): a
 * dyadic tree of bridges whose noise depends on entropy and address only, so that a value is independent of
 * what else was asked. The bridges between the whole interval and the last point are kept (about 24 arrays).
 *
 * @returns the increment from `from` to `to`, unnormalised; both are clamped into the interval
 */
export function createBrownianPath(
  entropy: number,
  start: number,
  end: number,
  length: number,
  fillNormals: FillNormals,
): (from: number, to: number) => Float32Array {
  const noise = new Float32Array(length);
  const kept = new Map<number, Float64Array>();

  function split(from: number, to: number, key: number, depth: number, increment: Float32Array): Interval {
    const middle = roundToMillionths(0.5 * (to + from));
    const share = (middle - from) / (to - from);
    const deviation = Math.sqrt(((middle - from) * (to - middle)) / (to - from));
    fillNormals(firstSeedWord(entropy, [key, depth], poolSize), noise);
    const leftIncrement = new Float32Array(length);
    for (let i = 0; i < length; i++) leftIncrement[i] = share * increment[i]! + deviation * noise[i]!;
    return { start: from, end: to, middle, key, increment, leftIncrement };
  }

  function splitRight(parent: Interval, depth: number): Interval {
    const increment = new Float32Array(length);
    for (let i = 0; i < length; i++) increment[i] = parent.increment[i]! - parent.leftIncrement[i]!;
    return split(parent.middle, parent.end, 2 * parent.key + 1, depth, increment);
  }

  const whole = new Float32Array(length);
  fillNormals(firstSeedWord(entropy, [], poolSize), whole);
  const scale = Math.sqrt(end - start);
  for (let i = 0; i < length; i++) whole[i]! *= scale;
  const root = split(roundToMillionths(start), roundToMillionths(end), 0, 0, whole);
  const path = [root];

  /** Increment from the start of the interval to `time`. */
  function valueAt(time: number): Float64Array {
    const known = kept.get(time);
    if (known) return known;
    const value = time === root.end ? Float64Array.from(whole) : new Float64Array(length);
    if (time !== root.end && time !== root.start) descend(time, value);
    if (kept.size === keptPoints) kept.delete(kept.keys().next().value!);
    kept.set(time, value);
    return value;
  }

  function descend(time: number, value: Float64Array): void {
    for (let depth = 0; ; depth++) {
      const node = path[depth]!;
      if (time >= node.middle) for (let i = 0; i < length; i++) value[i]! += node.leftIncrement[i]!;
      if (time === node.middle) return;
      const isLeft = time < node.middle;
      const child = path[depth + 1];
      if (child !== undefined && child.key === 2 * node.key + (isLeft ? 0 : 1)) continue;
      path.length = depth + 1;
      path.push(
        isLeft
          ? split(node.start, node.middle, 2 * node.key, depth + 1, node.leftIncrement)
          : splitRight(node, depth + 1),
      );
    }
  }

  const clamp = (time: number) => roundToMillionths(Math.min(Math.max(time, root.start), root.end));

  return (from, to) => {
    const before = valueAt(clamp(from));
    const after = valueAt(clamp(to));
    const increment = new Float32Array(length);
    for (let i = 0; i < length; i++) increment[i] = after[i]! - before[i]!;
    return increment;
  };
}

/**
 * Python's `round(x, 6)`, the grid torchsde resolves times to. `toFixed` rounds the exact binary value as
 * Python does, except on a tie, which only odd multiples of 1/128 can be: Python goes to the even neighbour.
 */
export function roundToMillionths(x: number): number {
  if (Math.abs(x * 128) % 2 !== 1) return Number(x.toFixed(6));
  const lower = Math.floor(x * 1e6);
  return (lower % 2 === 0 ? lower : lower + 1) / 1e6;
}
