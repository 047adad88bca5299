import type { Value } from './graph.ts';

/** What a linear layer or a convolution gives, before and after its bias. */
export interface Product {
  readonly value: Value;
  /**
   * The product alone. Emitted when it is first asked for: a convolution is computed twice where both forms
   * are used.
   */
  bare(): Value;
  readonly bias: Value;
  readonly width: number;
  /** [batch, tokens, width], or a feature map. */
  readonly kind: 'tokens' | 'map';
}

/** A sum that the normalisation which reads it first may compute. */
export interface Sum {
  /**
   * x + skip + bias, the three inputs of the operator that takes over; skip is shaped as x, or [batch,
   * channels].
   */
  readonly x: () => Value;
  readonly skip: Value;
  readonly bias: Value | undefined;
}

/**
 * Remembers how values were made, so that the operator which reads a sum can compute it along the way. Every
 * value is emitted plainly first, and what a fused operator makes superfluous depends on nothing and is left
 * out of the graph: a fusion that does not happen costs time, never correctness.
 */
export interface Memory {
  /** The value that stands for this one by now. */
  current(value: Value): Value;
  product(value: Value): Product | undefined;
  keepProduct(product: Product): Value;
  sum(value: Value): Sum | undefined;
  keepSum(value: Value, sum: Sum): Value;
  /** A fused operator gives out this sum as `better` for all who read it from now on. */
  replace(value: Value, better: Value): void;
}

export function createMemory(): Memory {
  const products = new Map<Value, Product>();
  const sums = new Map<Value, Sum>();
  const replaced = new Map<Value, Value>();
  return {
    current: (value) => replaced.get(value) ?? value,
    product: (value) => products.get(value),
    keepProduct: (product) => {
      products.set(product.value, product);
      return product.value;
    },
    sum: (value) => (replaced.has(value) ? undefined : sums.get(value)),
    keepSum: (value, sum) => {
      sums.set(value, sum);
      return value;
    },
    replace: (value, better) => {
      replaced.set(value, better);
    },
  };
}

/** a + b, with the bias of one of them apart if it has one. */
export function sumOf(memory: Memory, a: Value, b: Value): Sum {
  const product = memory.product(b) ?? memory.product(a);
  if (product === undefined) return { x: () => a, skip: b, bias: undefined };
  return { x: product.bare, skip: product.value === b ? a : b, bias: product.bias };
}
