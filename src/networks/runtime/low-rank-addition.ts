import { encodeModel, type Node } from '../../onnx/onnx-proto.ts';
import type { Device } from './device.ts';
import { codeOf, type ElementType } from './element-types.ts';
import { type InferenceSession, openInferenceSession } from './inference-session.ts';

/** What a weight is that a product is added to. */
export type AddedType = ElementType & ('float32' | 'float16');

/**
 * A session of sum = weight [outputs, inputs] + up [outputs, rank] x down [rank, inputs], the weight and the
 * sum of `type`: products and sums in float32, rounded once. The sum may lie where the weight does. It holds
 * no weights.
 */
export function openLowRankAddition(type: AddedType, device: Device): Promise<InferenceSession> {
  const port = (name: string, dataType: AddedType, shape: readonly string[]) => ({ name, dataType, shape });
  const node = (op: string, inputs: readonly string[], output: string, to?: ElementType): Node => ({
    ...{ name: output, domain: '', op, inputs, outputs: [output] },
    attributes: to === undefined ? {} : { to: { i: codeOf(to) } },
  });
  const isWide = type === 'float32';
  const model = encodeModel({
    name: 'low rank',
    opsets: { '': 18 },
    inputs: [
      port('weight', type, ['outputs', 'inputs']),
      port('up', 'float32', ['outputs', 'rank']),
      port('down', 'float32', ['rank', 'inputs']),
    ],
    outputs: [port('sum', type, ['outputs', 'inputs'])],
    initializers: [],
    nodes: [
      node('MatMul', ['up', 'down'], 'product'),
      ...(isWide ? [] : [node('Cast', ['weight'], 'wide', 'float32')]),
      node('Add', [isWide ? 'weight' : 'wide', 'product'], isWide ? 'sum' : 'wide_sum'),
      ...(isWide ? [] : [node('Cast', ['wide_sum'], 'sum', type)]),
    ],
  });
  // As it stands: a sum that is fused into the product would be in the product's memory before it is whole.
  return openInferenceSession(model, { device, level: 'disabled', cuda: { tensorFloat32: false } });
}
