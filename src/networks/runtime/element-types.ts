/** Arrays that hold a tensor's numbers as they are. Booleans are bytes of 0 and 1. */
export type TensorData = Float32Array | Float64Array | Float16Array | BigInt64Array | Int32Array | Uint8Array;

export type ElementType = 'float32' | 'float64' | 'float16' | 'int64' | 'int32' | 'bool';

interface Element {
  /** ONNXTensorElementDataType. */
  readonly code: number;
  readonly array: new (buffer: ArrayBuffer) => TensorData;
  readonly bytes: number;
}

const elements: Readonly<Record<ElementType, Element>> = {
  float32: { code: 1, array: Float32Array, bytes: 4 },
  int32: { code: 6, array: Int32Array, bytes: 4 },
  int64: { code: 7, array: BigInt64Array, bytes: 8 },
  bool: { code: 9, array: Uint8Array, bytes: 1 },
  float16: { code: 10, array: Float16Array, bytes: 2 },
  float64: { code: 11, array: Float64Array, bytes: 8 },
};

const typeByCode = new Map(
  (Object.keys(elements) as ElementType[]).map((type) => [elements[type].code, type]),
);

/** ONNXTensorElementDataType's names from 0, for messages about those that have no array here. */
const names = [
  ...['undefined', 'float32', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool'],
  ...['float16', 'float64', 'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16'],
];

/** @param code of ONNXTensorElementDataType, also one that has no array here. */
export function elementName(code: number): string {
  return names[code] ?? `element type ${code}`;
}

/** The ONNXTensorElementDataType that an array holds; a Uint8Array holds booleans. */
export function elementCode(data: TensorData): number {
  return Object.values(elements).find(({ array }) => data instanceof array)!.code;
}

/** Bytes of one number. */
export function elementBytes(type: ElementType): number {
  return elements[type].bytes;
}

/** Its ONNXTensorElementDataType. */
export function codeOf(type: ElementType): number {
  return elements[type].code;
}

/** @throws Error naming an element type that has no array. */
export function elementTypeOf(code: number): ElementType {
  const type = typeByCode.get(code);
  if (type === undefined) throw new Error(`tensors of ${elementName(code)} are not supported`);
  return type;
}

/**
 * The numbers of a buffer, not copied.
 * @throws RangeError where its length is no multiple of one number's.
 */
export function arrayOver(type: ElementType, buffer: ArrayBuffer): TensorData {
  return new elements[type].array(buffer);
}
