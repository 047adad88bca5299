/**
 * Spherical interpolation from one noise to another as A1111 has it (modules/rng.py, commit 0d5dc9a): column
 * by column, the angle being that between the two columns' directions. Noises as good as the same (a mean
 * cosine above 0.9995) are mixed linearly, with the weights exchanged, as there.
 *
 * @param share 0 ... 1: 0 gives `from`, 1 gives `to`.
 * @param from, to [channels, height, width]
 */
export function slerpColumns(
  share: number,
  from: Float32Array,
  to: Float32Array,
  { channels, height, width }: { readonly channels: number; readonly height: number; readonly width: number },
): Float32Array {
  const cosines = new Float64Array(channels * width);
  for (let channel = 0; channel < channels; channel++)
    for (let x = 0; x < width; x++) {
      let dot = 0;
      let fromSquare = 0;
      let toSquare = 0;
      for (let y = 0; y < height; y++) {
        const at = (channel * height + y) * width + x;
        dot += from[at]! * to[at]!;
        fromSquare += from[at]! ** 2;
        toSquare += to[at]! ** 2;
      }
      cosines[channel * width + x] = dot / Math.sqrt(fromSquare * toSquare);
    }
  const mean = cosines.reduce((sum, each) => sum + each, 0) / cosines.length;
  if (mean > 0.9995) return from.map((value, at) => value * share + to[at]! * (1 - share));
  return from.map((value, at) => {
    const angle = Math.acos(cosines[Math.floor(at / (height * width)) * width + (at % width)]!);
    const sine = Math.sin(angle);
    // Columns of one direction have no plane to turn in.
    if (!(sine > 1e-9)) return (1 - share) * value + share * to[at]!;
    return (Math.sin((1 - share) * angle) / sine) * value + (Math.sin(share * angle) / sine) * to[at]!;
  });
}
