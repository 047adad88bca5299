import type { Attribute, DataType, Initializer, Model, Node, Port } from '../onnx/onnx-proto.ts';

/** Name of a value that flows through the graph. */
export type Value = string;

type Attributes = Readonly<Record<string, Attribute>>;
type Shape = readonly number[];
type PortShape = Port['shape'];

/** What a graph computes in. */
export type Precision = 'float32' | 'float16';

/** Sizes of named dimensions that are fixed; the others may differ from run to run. */
export type Sizes = Readonly<Record<string, number>>;

/** A tensor of the checkpoint as the graph uses it. */
export interface Weight {
  /** Its published name, and the name of its value in the graph. */
  readonly key: string;
  /** Its shape in the checkpoint. */
  readonly stored: Shape;
  /** Its shape in the graph, with as many elements. */
  readonly shape: Shape;
  readonly precision: Precision;
  /** A convolution's weight [out, in, height, width] is wanted as [out, height, width, in]. */
  readonly channelsLast: boolean;
  /**
   * A power of two that its values are multiplied by on their way into the graph; 1 leaves them as they are.
   */
  readonly scale: number;
}

export type WeightUse = Partial<Pick<Weight, 'shape' | 'precision' | 'channelsLast' | 'scale'>>;

/** A value at a boundary; null is a size that nothing else in the graph is known to share. */
export interface Crossing {
  readonly value: Value;
  readonly precision: Precision;
  readonly shape: readonly (number | string | null)[];
}

/** A place between nodes that only the inputs, the weights and the values named here cross. */
export interface Boundary {
  /** How many nodes come before it. */
  readonly after: number;
  readonly crossing: readonly Port[];
}

/** A graph whose weights are named but not yet placed in a file. */
export interface NetworkGraph extends Omit<Model, 'initializers'> {
  /** Constants that the graph makes itself. */
  readonly constants: readonly Initializer[];
  /** The weights that the outputs depend on. */
  readonly weights: readonly Weight[];
  /** Where the graph may be cut in two, in order. */
  readonly boundaries: readonly Boundary[];
  /** Every tensor the network has by its config, those that no output depends on included: name -> shape. */
  readonly tensors: ReadonlyMap<string, Shape>;
}

export interface GraphBuilder {
  /** Declares a graph input. */
  input(name: string, dataType: DataType, shape: PortShape): Value;
  /** Gives a value to the outside under `name`. */
  output(name: string, value: Value, shape: PortShape): void;
  /** An operator with one result. `path` is the module it computes; absent optional inputs are ''. */
  node(path: string, op: string, inputs: readonly Value[], attributes?: Attributes): Value;
  /**
   * An operator with several results: how many, or what to call each; '' is an optional one that is not
   * wanted.
   */
  nodes(
    path: string,
    op: string,
    inputs: readonly Value[],
    results: number | readonly string[],
    attributes?: Attributes,
  ): Value[];
  /** The checkpoint's tensor `key`, stored with shape `stored`; by default as float32 of that shape. */
  weight(key: string, stored: Shape, use?: WeightUse): Value;
  /** A float32 constant. */
  floats(values: Float32Array, shape: Shape): Value;
  /** A one-dimensional int64 constant, as shapes, sizes and axes want it. */
  integers(...values: number[]): Value;
  /** Marks a boundary here; later nodes may use of the earlier ones' values only these. */
  boundary(crossing: readonly Crossing[]): void;
  /** Nodes, constants and weights that no output depends on are left out. */
  finish(): NetworkGraph;
}

/**
 * The standard operators of ONNX 1.13 and ONNX Runtime's contributed ones. The last version for which ONNX
 * Runtime 1.30 has a CUDA kernel of everything in use: a kernel counts for the version of its operator only,
 * and of Pad there is none after 18 (docs/OperatorKernels.md).
 */
const opsets = { '': 18, 'com.microsoft': 1 };
const microsoft = 'com.microsoft.';

export function graphBuilder(name: string, sizes: Sizes = {}): GraphBuilder {
  const inputs: Port[] = [];
  const outputs: Port[] = [];
  const list: Node[] = [];
  const constants = new Map<Value, Initializer>();
  const weights = new Map<Value, Weight>();
  const used = new Map<string, number>();
  const boundaries: Boundary[] = [];
  const fixed = (shape: PortShape): PortShape =>
    shape.map((size) => (typeof size === 'string' ? (sizes[size] ?? size) : size));

  const unique = (wanted: string): string => {
    const count = used.get(wanted) ?? 0;
    used.set(wanted, count + 1);
    return count === 0 ? wanted : `${wanted}#${count + 1}`;
  };

  const nodes: GraphBuilder['nodes'] = (path, op, operands, wanted, attributes = {}) => {
    const isContributed = op.startsWith(microsoft);
    const operator = isContributed ? op.slice(microsoft.length) : op;
    const label = unique(`${path}/${operator}`);
    const results =
      wanted === 1
        ? [label]
        : (typeof wanted === 'number'
            ? Array.from({ length: wanted }, (_, index) => String(index))
            : wanted
          ).map((result) => (result === '' ? '' : `${label}:${result}`));
    list.push({
      name: label,
      domain: isContributed ? 'com.microsoft' : '',
      op: operator,
      inputs: operands,
      outputs: results,
      attributes,
    });
    return results;
  };

  const constant = (key: string, dataType: DataType, shape: Shape, data: Uint8Array): Value => {
    constants.set(key, { name: key, dataType, shape, data });
    return key;
  };

  return {
    nodes,
    node: (path, op, operands, attributes) => nodes(path, op, operands, 1, attributes)[0]!,
    input: (port, dataType, shape) => {
      inputs.push({ name: port, dataType, shape: fixed(shape) });
      return port;
    },
    output: (port, value, shape) => {
      outputs.push({ name: port, dataType: 'float32', shape: fixed(shape) });
      list.push({ name: port, domain: '', op: 'Identity', inputs: [value], outputs: [port], attributes: {} });
    },
    weight: (key, stored, use = {}) => {
      const { shape = stored, precision = 'float32', channelsLast = false, scale = 1 } = use;
      weights.set(key, { key, stored, shape, precision, channelsLast, scale });
      return key;
    },
    floats: (values, shape) =>
      constant(
        unique('floats'),
        'float32',
        shape,
        new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      ),
    integers: (...values) =>
      constant(
        `[${values}]`,
        'int64',
        [values.length],
        new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
      ),
    boundary: (crossing) => {
      boundaries.push({
        after: list.length,
        crossing: crossing.map(({ value, precision, shape }) => ({
          name: value,
          dataType: precision,
          shape: fixed(shape),
        })),
      });
    },
    finish: () => {
      const needed = new Set(outputs.map((port) => port.name));
      for (const node of list.toReversed())
        if (node.outputs.some((value) => needed.has(value)))
          for (const value of node.inputs) if (value !== '') needed.add(value);
      const isLive = (node: Node) => node.outputs.some((value) => needed.has(value));
      return {
        name,
        opsets,
        inputs,
        outputs,
        nodes: list.filter(isLive),
        boundaries: boundaries.map(({ after, crossing }) => ({
          after: list.slice(0, after).filter(isLive).length,
          crossing: crossing.filter((port) => needed.has(port.name)),
        })),
        constants: [...constants.values()].filter((item) => needed.has(item.name)),
        weights: [...weights.values()].filter((weight) => needed.has(weight.key)),
        tensors: new Map([...weights.values()].map((weight) => [weight.key, weight.stored])),
      };
    },
  };
}
