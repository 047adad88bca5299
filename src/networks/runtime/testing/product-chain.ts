import { encodeModel } from '../../../onnx/onnx-proto.ts';
import type { Tensor } from '../tensor-values.ts';

/** Sides of the matrices: one product takes a few milliseconds. */
const side = 512;

/** y = x^(products + 1), product by product: as many operators as wanted, each of the same short time. */
export function productChain(products: number): Uint8Array {
  const port = (name: string) => ({ name, dataType: 'float32' as const, shape: ['rows', side] });
  const value = (index: number) => (index === 0 ? 'x' : index === products ? 'y' : `x^${index + 1}`);
  return encodeModel({
    name: 'chain',
    opsets: { '': 18 },
    inputs: [port('x')],
    outputs: [port('y')],
    initializers: [],
    nodes: Array.from({ length: products }, (_, index) => ({
      name: `product ${index}`,
      domain: '',
      op: 'MatMul',
      inputs: [value(index), 'x'],
      outputs: [value(index + 1)],
      attributes: {},
    })),
  });
}

/** A matrix of 1 / side is its own square, exactly: so is every product of the chain. */
export function ownSquare(): Tensor {
  return { data: new Float32Array(side * side).fill(1 / side), shape: [side, side] };
}
