/**
 * no-norm: multiply only, A1111's "No norm", which its authors recommend for SDXL and which SDXL's
 * long-prompt programs do. original: then bring the chunk's mean back to what it was, A1111's default.
 */
export type EmphasisMode = 'no-norm' | 'original';

/**
 * Multiplies each token's hidden state by its weight, in place. One encoder at a time: A1111 wraps SDXL's two
 * encoders separately (modules/sd_emphasis.py at 255da37da1871a90c352bcc4ee3617fd8ceed610).
 * @param hiddenStates [tokens, width] of one chunk, row-major.
 * @param weights one per token.
 * @throws Error where the lengths disagree.
 */
export function applyEmphasis(
  hiddenStates: Float32Array,
  weights: Float32Array,
  width: number,
  mode: EmphasisMode,
): Float32Array {
  if (hiddenStates.length !== weights.length * width) {
    throw new Error(
      `hidden states of ${hiddenStates.length} values are not ${weights.length} tokens of width ${width}`,
    );
  }
  if (weights.every((weight) => weight === 1)) return hiddenStates;
  const before = mode === 'original' ? mean(hiddenStates) : 0;
  weights.forEach((weight, token) => {
    const end = (token + 1) * width;
    for (let index = token * width; index < end; index++) hiddenStates[index]! *= weight;
  });
  if (mode === 'original') {
    const factor = before / mean(hiddenStates);
    for (let index = 0; index < hiddenStates.length; index++) hiddenStates[index]! *= factor;
  }
  return hiddenStates;
}

function mean(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
