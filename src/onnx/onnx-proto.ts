import protobuf from 'protobufjs/light.js';

/**
 * The part of the ONNX format that a graph of named operators with weights in other files needs.
 * Field numbers and enum values: github.com/onnx/onnx, onnx/onnx.proto at v1.18.0 (IR version 10).
 */
const fields = (
  list: Record<string, [id: number, type: string] | [id: number, type: string, rule: 'repeated']>,
): protobuf.IType => ({
  fields: Object.fromEntries(
    Object.entries(list).map(([name, [id, type, rule]]) => [
      name,
      rule === undefined ? { id, type } : { id, type, rule },
    ]),
  ),
});

const oneof = (type: protobuf.IType, name: string): protobuf.IType => ({
  ...type,
  oneofs: { [name]: { oneof: Object.keys(type.fields) } },
});

const root = protobuf.Root.fromJSON({
  nested: {
    StringStringEntryProto: fields({ key: [1, 'string'], value: [2, 'string'] }),
    OperatorSetIdProto: fields({ domain: [1, 'string'], version: [2, 'int64'] }),
    AttributeProto: fields({
      name: [1, 'string'],
      f: [2, 'float'],
      i: [3, 'int64'],
      s: [4, 'bytes'],
      ints: [8, 'int64', 'repeated'],
      type: [20, 'int32'],
    }),
    NodeProto: fields({
      input: [1, 'string', 'repeated'],
      output: [2, 'string', 'repeated'],
      name: [3, 'string'],
      opType: [4, 'string'],
      attribute: [5, 'AttributeProto', 'repeated'],
      domain: [7, 'string'],
    }),
    TensorProto: fields({
      dims: [1, 'int64', 'repeated'],
      dataType: [2, 'int32'],
      name: [8, 'string'],
      rawData: [9, 'bytes'],
      externalData: [13, 'StringStringEntryProto', 'repeated'],
      dataLocation: [14, 'int32'],
    }),
    Dimension: oneof(fields({ dimValue: [1, 'int64'], dimParam: [2, 'string'] }), 'value'),
    TensorShapeProto: fields({ dim: [1, 'Dimension', 'repeated'] }),
    TensorTypeProto: fields({ elemType: [1, 'int32'], shape: [2, 'TensorShapeProto'] }),
    TypeProto: fields({ tensorType: [1, 'TensorTypeProto'] }),
    ValueInfoProto: fields({ name: [1, 'string'], type: [2, 'TypeProto'] }),
    GraphProto: fields({
      node: [1, 'NodeProto', 'repeated'],
      name: [2, 'string'],
      initializer: [5, 'TensorProto', 'repeated'],
      input: [11, 'ValueInfoProto', 'repeated'],
      output: [12, 'ValueInfoProto', 'repeated'],
    }),
    ModelProto: fields({
      irVersion: [1, 'int64'],
      producerName: [2, 'string'],
      graph: [7, 'GraphProto'],
      opsetImport: [8, 'OperatorSetIdProto', 'repeated'],
    }),
  },
});

const modelType = root.lookupType('ModelProto');

/** TensorProto.DataType. */
export const dataTypes = { float32: 1, int64: 7, bool: 9, float16: 10, bfloat16: 16 } as const;
export type DataType = keyof typeof dataTypes;

/** AttributeProto.AttributeType, with the field that carries the value. */
const attributeTypes = { f: 1, i: 2, s: 3, ints: 7 } as const;

/**
 * One attribute's value, tagged with its type because a JavaScript number does not say whether it is a float.
 */
export type Attribute = { f: number } | { i: number } | { s: string } | { ints: readonly number[] };

export interface Node {
  readonly name: string;
  /** '' is the standard operator set, 'com.microsoft' ONNX Runtime's own. */
  readonly domain: string;
  readonly op: string;
  /** An absent optional input is ''. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A constant: its bytes here, or where they lie in a file named relative to the model's folder. */
export interface Initializer {
  readonly name: string;
  readonly dataType: DataType;
  readonly shape: readonly number[];
  readonly data: Uint8Array | { readonly file: string; readonly offset: number; readonly length: number };
}

/**
 * A graph input or output; a dimension with a name, or without anything (null), may differ from run to run.
 */
export interface Port {
  readonly name: string;
  readonly dataType: DataType;
  readonly shape: readonly (number | string | null)[];
}

export interface Model {
  readonly name: string;
  /** Operator set version by domain. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly initializers: readonly Initializer[];
  readonly nodes: readonly Node[];
}

const utf8 = new TextEncoder();
/** TensorProto.DataLocation.EXTERNAL. */
const external = 1;

function attributeMessage(name: string, attribute: Attribute): object {
  if ('f' in attribute) return { name, type: attributeTypes.f, f: attribute.f };
  if ('i' in attribute) return { name, type: attributeTypes.i, i: attribute.i };
  if ('s' in attribute) return { name, type: attributeTypes.s, s: utf8.encode(attribute.s) };
  return { name, type: attributeTypes.ints, ints: attribute.ints };
}

function tensorMessage({ name, dataType, shape, data }: Initializer): object {
  const message = { name, dims: shape, dataType: dataTypes[dataType] };
  if (data instanceof Uint8Array) return { ...message, rawData: data };
  const entries = { location: data.file, offset: String(data.offset), length: String(data.length) };
  return {
    ...message,
    dataLocation: external,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  };
}

function portMessage({ name, dataType, shape }: Port): object {
  const dim = shape.map((size) =>
    typeof size === 'number' ? { dimValue: size } : size === null ? {} : { dimParam: size },
  );
  return { name, type: { tensorType: { elemType: dataTypes[dataType], shape: { dim } } } };
}

/** The model as the bytes of an `.onnx` file. */
export function encodeModel(model: Model): Uint8Array {
  return modelType
    .encode({
      irVersion: 10,
      producerName: 'sdxl-server',
      opsetImport: Object.entries(model.opsets).map(([domain, version]) => ({ domain, version })),
      graph: {
        name: model.name,
        input: model.inputs.map(portMessage),
        output: model.outputs.map(portMessage),
        initializer: model.initializers.map(tensorMessage),
        node: model.nodes.map(({ name, domain, op, inputs, outputs, attributes }) => ({
          name,
          domain,
          opType: op,
          input: inputs,
          output: outputs,
          attribute: Object.entries(attributes).map(([key, value]) => attributeMessage(key, value)),
        })),
      },
    })
    .finish();
}
