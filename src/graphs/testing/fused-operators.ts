/**
 * What the fused operators of com.microsoft compute, number by number in double precision: the reference that
 * the tests of the cuda flavour hold everything else against. Semantics: docs/ContribOperators.md of ONNX
 * Runtime and the kernels' sources.
 */

/** Row-major numbers. */
export interface Numbers {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

function make(shape: readonly number[], value: (index: number) => number): Numbers {
  const count = shape.reduce((product, side) => product * side, 1);
  return { data: Float32Array.from({ length: count }, (_, index) => value(index)), shape };
}

const last = (shape: readonly number[]) => shape.at(-1)!;

/** Abramowitz and Stegun 7.1.5: the series of erf, exact to double precision for |x| < 6; beyond it is 1. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const gelu = (x: number) => (x * (1 + erf(x / Math.SQRT2))) / 2;

/** X [.., C] + bias [C] + skip. */
export function biasAdd(x: Numbers, bias: Numbers, skip: Numbers): Numbers {
  const width = last(x.shape);
  return make(x.shape, (index) => x.data[index]! + bias.data[index % width]! + skip.data[index]!);
}

/** X [batch, tokens, 2 C] + bias: the left half times GELU of the right. */
export function biasSplitGelu(x: Numbers, bias: Numbers): Numbers {
  const width = last(x.shape);
  const half = width / 2;
  return make([...x.shape.slice(0, -1), half], (index) => {
    const column = index % half;
    const row = Math.floor(index / half) * width;
    const at = (position: number) => x.data[row + position]! + bias.data[position]!;
    return at(column) * gelu(at(half + column));
  });
}

export interface GroupNormAttributes {
  readonly groups: number;
  readonly epsilon: number;
  readonly silu: boolean;
}

/** X [batch, height, width, channels], statistics per sample and group. */
export function groupNorm(
  x: Numbers,
  gamma: Numbers,
  beta: Numbers,
  { groups, epsilon, silu }: GroupNormAttributes,
): Numbers {
  const channels = last(x.shape);
  const groupWidth = channels / groups;
  const sampleSize = x.data.length / x.shape[0]!;
  const slot = (index: number) =>
    Math.floor(index / sampleSize) * groups + Math.floor((index % channels) / groupWidth);
  const sums = new Float64Array(x.shape[0]! * groups);
  for (const [index, value] of x.data.entries()) sums[slot(index)]! += value;
  const count = (sampleSize / channels) * groupWidth;
  const squares = new Float64Array(sums.length);
  for (const [index, value] of x.data.entries())
    squares[slot(index)]! += (value - sums[slot(index)]! / count) ** 2;
  return make(x.shape, (index) => {
    const mean = sums[slot(index)]! / count;
    const deviation = Math.sqrt(squares[slot(index)]! / count + epsilon);
    const channel = index % channels;
    const normal = ((x.data[index]! - mean) / deviation) * gamma.data[channel]! + beta.data[channel]!;
    return silu ? normal / (1 + Math.exp(-normal)) : normal;
  });
}

/** S = X + skip + bias, Y its group normalisation; skip is shaped as X or [batch, channels]. */
export function skipGroupNorm(
  x: Numbers,
  gamma: Numbers,
  beta: Numbers,
  skip: Numbers,
  bias: Numbers | undefined,
  attributes: GroupNormAttributes,
): [normal: Numbers, sum: Numbers] {
  const channels = last(x.shape);
  const sampleSize = x.data.length / x.shape[0]!;
  const sum = make(x.shape, (index) => {
    const channel = index % channels;
    const added = skip.shape.length === 2 ? Math.floor(index / sampleSize) * channels + channel : index;
    return x.data[index]! + skip.data[added]! + (bias?.data[channel] ?? 0);
  });
  return [groupNorm(sum, gamma, beta, attributes), sum];
}

/** sum = input + skip + bias, and its normalisation over the last axis. */
export function skipLayerNormalization(
  input: Numbers,
  skip: Numbers,
  gamma: Numbers,
  beta: Numbers,
  bias: Numbers | undefined,
  epsilon: number,
): [normal: Numbers, sum: Numbers] {
  const width = last(input.shape);
  const sum = make(
    input.shape,
    (index) => input.data[index]! + skip.data[index]! + (bias?.data[index % width] ?? 0),
  );
  // A layer normalisation is a group normalisation of one group over maps of one pixel.
  const pixels = { data: sum.data, shape: [sum.data.length / width, 1, 1, width] };
  const { data } = groupNorm(pixels, gamma, beta, { groups: 1, epsilon, silu: false });
  return [{ data, shape: input.shape }, sum];
}

/**
 * X [batch, height, width, in], W [out, kernel, kernel, in] -> [batch, .., .., out]; `pad` zeros on every
 * side.
 */
export function nhwcConv(
  x: Numbers,
  weight: Numbers,
  bias: Numbers | undefined,
  stride: number,
  pad: number,
): Numbers {
  const [batch, height, width, inChannels] = x.shape as [number, number, number, number];
  const [outChannels, kernel] = weight.shape as [number, number, number, number];
  const side = (size: number) => Math.floor((size + 2 * pad - kernel) / stride) + 1;
  const [rows, columns] = [side(height), side(width)];
  return make([batch, rows, columns, outChannels], (index) => {
    const out = index % outChannels;
    const column = Math.floor(index / outChannels) % columns;
    const row = Math.floor(index / (outChannels * columns)) % rows;
    const sample = Math.floor(index / (outChannels * columns * rows));
    let sum = bias?.data[out] ?? 0;
    for (let y = 0; y < kernel; y++)
      for (let z = 0; z < kernel; z++) {
        const from = [row * stride + y - pad, column * stride + z - pad] as const;
        if (from[0] < 0 || from[0] >= height || from[1] < 0 || from[1] >= width) continue;
        const pixel = ((sample * height + from[0]) * width + from[1]) * inChannels;
        const weights = ((out * kernel + y) * kernel + z) * inChannels;
        for (let channel = 0; channel < inChannels; channel++)
          sum += x.data[pixel + channel]! * weight.data[weights + channel]!;
      }
    return sum;
  });
}

/** softmax(q k^T / sqrt(head width)) v head by head; all [batch, tokens, width]. */
export function multiHeadAttention(
  query: Numbers,
  key: Numbers,
  value: Numbers,
  heads: number,
  causal: boolean,
): Numbers {
  const [, tokens, width] = query.shape as [number, number, number];
  const memory = key.shape[1]!;
  const headWidth = width / heads;
  return make(query.shape, (index) => {
    const column = index % width;
    const token = Math.floor(index / width) % tokens;
    const sample = Math.floor(index / (width * tokens));
    const head = Math.floor(column / headWidth) * headWidth;
    const seen = causal ? token + 1 : memory;
    const scores = Array.from({ length: seen }, (_, other) => {
      let score = 0;
      for (let part = head; part < head + headWidth; part++)
        score +=
          query.data[(sample * tokens + token) * width + part]! *
          key.data[(sample * memory + other) * width + part]!;
      return score / Math.sqrt(headWidth);
    });
    const top = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - top));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.reduce(
      (sum, weight, other) =>
        sum + (weight / total) * value.data[(sample * memory + other) * width + column]!,
      0,
    );
  });
}
