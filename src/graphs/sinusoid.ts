import type { GraphBuilder, Value } from './graph.ts';

export interface SinusoidOptions {
  readonly width: number;
  /** Cosines before sines. */
  readonly flipSinToCos: boolean;
  readonly frequencyShift: number;
}

const maximumPeriod = 10_000;

/**
 * Angular frequencies exp(-ln(10000) i / (width / 2 - shift)), rounded to float32 after each operation as
 * get_timestep_embedding of diffusers does: a frequency off by one bit moves the sine of t = 1000 by 6e-5.
 */
function frequencies(width: number, shift: number): Float32Array {
  const half = width / 2;
  const scale = Math.fround(-Math.log(maximumPeriod));
  return Float32Array.from({ length: half }, (_, index) =>
    Math.exp(Math.fround(Math.fround(scale * index) / Math.fround(half - shift))),
  );
}

/** Sinusoidal embedding (Vaswani et al. 2017, 3.5) of numbers [n, 1] as [n, width]. */
export function sinusoid(graph: GraphBuilder, path: string, numbers: Value, options: SinusoidOptions): Value {
  const { width, flipSinToCos, frequencyShift } = options;
  const angles = graph.node(path, 'Mul', [
    numbers,
    graph.floats(frequencies(width, frequencyShift), [1, width / 2]),
  ]);
  const sine = graph.node(path, 'Sin', [angles]);
  const cosine = graph.node(path, 'Cos', [angles]);
  return graph.node(path, 'Concat', flipSinToCos ? [cosine, sine] : [sine, cosine], { axis: { i: -1 } });
}
