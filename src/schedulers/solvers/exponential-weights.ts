/**
 * Weights w_j of values at `nodes` so that their sum is the integral from `from` to `to` of
 * rate e^(-rate (to - u)) p(u) du, with p the polynomial through the values: the step of an exponential
 * multistep method, exact where the values lie on a polynomial of that degree. They add up to
 * 1 - e^(-rate (to - from)).
 *
 * @param nodes all different, at most four
 * @param rate above zero
 */
export function exponentialWeights(
  nodes: readonly number[],
  from: number,
  to: number,
  rate: number,
): number[] {
  return nodes.map((_, j) => {
    const basis = lagrangeBasis(
      nodes.map((node) => node - to),
      j,
    );
    return antiderivative(basis, 0, rate) - antiderivative(basis, from - to, rate);
  });
}

/** Coefficients, constant first, of the polynomial that is 1 at nodes[j] and 0 at the others. */
function lagrangeBasis(nodes: readonly number[], j: number): number[] {
  let coefficients = [1];
  for (const [k, node] of nodes.entries()) {
    if (k === j) continue;
    const scale = 1 / (nodes[j]! - node);
    coefficients = [...coefficients, 0].map(
      (_, power) => scale * ((coefficients[power - 1] ?? 0) - node * (coefficients[power] ?? 0)),
    );
  }
  return coefficients;
}

/** e^(rate v) (p - p' / rate + p'' / rate^2 - ...) at v, whose derivative is rate e^(rate v) p. */
function antiderivative(polynomial: readonly number[], v: number, rate: number): number {
  let sum = 0;
  let derivative = polynomial;
  for (let sign = 1; derivative.length > 0; sign = -sign / rate) {
    sum += sign * derivative.reduceRight((total, coefficient) => total * v + coefficient, 0);
    derivative = derivative.slice(1).map((coefficient, power) => coefficient * (power + 1));
  }
  return Math.exp(rate * v) * sum;
}
