import type { AddLowRank, LowRank, WeightValues } from '../checkpoints/loras/low-rank.ts';
import { encodeModel, type Model, type Node } from '../onnx/onnx-proto.ts';
import { codeOf, type ElementType } from './runtime/element-types.ts';
import { type InferenceSession, openInferenceSession } from './runtime/inference-session.ts';

/**
 * Adds a product on the CPU, in all of its threads: float32 products and sums, rounded once to the weight's own
 * type, without a float32 copy of it in JavaScript.
 */
export const runtimeLowRank: AddLowRank = async <Values extends WeightValues>(
  values: Values,
  { up, down, rank, scale }: LowRank,
): Promise<Values> => {
  const [outputs, inputs] = [up.length / rank, down.length / rank];
  const type = values instanceof Float32Array ? 'float32' : 'float16';
  const session = await sessionFor(type);
  const { sum } = await session.run({
    weight: { data: values, shape: [outputs, inputs] },
    up: { data: scale === 1 ? up : up.map((value) => scale * value), shape: [outputs, rank] },
    down: { data: down, shape: [rank, inputs] },
  });
  return sum!.data as Values;
};

type WeightType = ElementType & ('float32' | 'float16');

const sessions = new Map<WeightType, Promise<InferenceSession>>();

/** Loaded with the first weight of a type, and kept: it holds no weights. */
function sessionFor(type: WeightType): Promise<InferenceSession> {
  const known = sessions.get(type);
  if (known !== undefined) return known;
  const opened = openInferenceSession(encodeModel(addition(type)), { device: 'cpu' });
  sessions.set(type, opened);
  // No memory now may be memory later.
  opened.catch(() => sessions.delete(type));
  return opened;
}

/** sum = weight + up x down, the weight and the sum of `type`. */
function addition(type: WeightType): Model {
  const port = (name: string, dataType: WeightType, shape: readonly string[]) => ({ name, dataType, shape });
  const node = (op: string, inputs: readonly string[], output: string, to?: ElementType): Node => ({
    ...{ name: output, domain: '', op, inputs, outputs: [output] },
    attributes: to === undefined ? {} : { to: { i: codeOf(to) } },
  });
  const isWide = type === 'float32';
  return {
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
  };
}
