/** Two Gauss-Legendre points integrate polynomials of degree 3 exactly. */
const gaussPoint = 1 / Math.sqrt(3);

/**
 * Weight of the derivative at nodes[j] in an Adams-Bashforth step over uneven nodes, at most four: the
 * integral from `start` to `end` of the Lagrange polynomial that is 1 at nodes[j] and 0 at the others.
 */
export function adamsBashforth(nodes: readonly number[], j: number, start: number, end: number): number {
  const basis = (at: number) =>
    nodes.reduce((product, node, k) => (k === j ? product : (product * (at - node)) / (nodes[j]! - node)), 1);
  const half = (end - start) / 2;
  const middle = (start + end) / 2;
  return half * (basis(middle - half * gaussPoint) + basis(middle + half * gaussPoint));
}
