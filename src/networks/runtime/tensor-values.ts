import { copyOf, written } from './c-memory.ts';
import {
  arrayOver,
  codeOf,
  type ElementType,
  elementBytes,
  elementCode,
  elementTypeOf,
  type TensorData,
} from './element-types.ts';
import type { Handle, OrtApi } from './function-table.ts';
import type { Library } from './library.ts';
import { requireOk } from './runtime-error.ts';

/** A tensor in our memory, row-major. */
export interface Tensor {
  readonly data: TensorData;
  readonly shape: readonly number[];
}

/** By name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/**
 * A tensor as the runtime has it. It keeps what it points to: ONNX Runtime refers to memory without holding
 * it, so that an array of ours that is collected too early would be read as whatever lies there next.
 */
export interface TensorValue {
  readonly handle: Handle<'Value'>;
  readonly memory: TensorData | undefined;
  /** Nothing may use it afterwards; a second call does nothing. */
  release(): void;
}

/** Where a device's memory lies, in ONNX Runtime's names. */
export interface MemoryPlace {
  readonly name: 'Cpu' | 'Cuda';
  readonly index: number;
}

/** @param index of a CUDA device; undefined for the machine's own memory. */
export function placeOf(index?: number): MemoryPlace {
  return index === undefined ? { name: 'Cpu', index: 0 } : { name: 'Cuda', index };
}

const deviceAllocator = 0;
const defaultMemory = 0;

/** An OrtMemoryInfo of a place, for whoever calls to release. @throws Error with what the library says. */
export function memoryInfo({ api }: Library, { name, index }: MemoryPlace): Handle<'MemoryInfo'> {
  return written((out) =>
    requireOk(api, api.CreateMemoryInfo(name, deviceAllocator, index, defaultMemory, out)),
  );
}

/**
 * A tensor over an array of ours, which must not change while a run reads it. @throws Error naming a length
 * that is not the shape's.
 */
export function valueOver(library: Library, { data, shape }: Tensor): TensorValue {
  const length = shape.reduce((product, side) => product * side, 1);
  if (data.length !== length)
    throw new Error(`a tensor of shape [${shape.join(', ')}] holds ${length} values, not ${data.length}`);
  return valueAt(library, placeOf(), data, data.byteLength, elementCode(data), shape, data);
}

/** By name, as valueOver. */
export function valuesOver(library: Library, tensors: Tensors): Record<string, TensorValue> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, valueOver(library, tensor)]),
  );
}

/** A tensor over bytes of ours of any element type, which is given by its ONNXTensorElementDataType. */
export function valueOverBytes(
  library: Library,
  bytes: Uint8Array,
  code: number,
  shape: readonly number[],
): TensorValue {
  return valueAt(library, placeOf(), bytes, bytes.byteLength, code, shape, bytes);
}

/** A tensor over memory of a device that somebody else gives back. */
export function valueOverDevice(
  library: Library,
  place: MemoryPlace,
  address: bigint,
  type: ElementType,
  shape: readonly number[],
): TensorValue {
  const bytes = shape.reduce((product, side) => product * side, elementBytes(type));
  // koffi takes an address where it takes memory.
  const memory = address as unknown as ArrayBufferView;
  return valueAt(library, place, memory, bytes, codeOf(type), shape, undefined);
}

function valueAt(
  library: Library,
  place: MemoryPlace,
  memory: ArrayBufferView,
  bytes: number,
  code: number,
  shape: readonly number[],
  held: TensorData | undefined,
): TensorValue {
  const { api } = library;
  const info = memoryInfo(library, place);
  try {
    const sides = BigInt64Array.from(shape, BigInt);
    const handle = written<Handle<'Value'>>((out) =>
      requireOk(api, api.CreateTensorWithDataAsOrtValue(info, memory, bytes, sides, sides.length, code, out)),
    );
    return owned(api, handle, held);
  } finally {
    api.ReleaseMemoryInfo(info);
  }
}

/** Takes over a value that the runtime made. */
export function owned(api: OrtApi, handle: Handle<'Value'>, memory?: TensorData): TensorValue {
  let isReleased = false;
  return {
    handle,
    memory,
    release: () => {
      if (isReleased) return;
      isReleased = true;
      api.ReleaseValue(handle);
    },
  };
}

/** Element type and shape of a tensor. @throws Error naming an element type that no array has. */
export function describe(
  api: OrtApi,
  info: Handle<'TensorInfo'>,
): { readonly code: number; readonly shape: number[] } {
  const [code, count] = [new Int32Array(1), new BigUint64Array(1)];
  requireOk(api, api.GetTensorElementType(info, code));
  requireOk(api, api.GetDimensionsCount(info, count));
  const sides = new BigInt64Array(Number(count[0]));
  requireOk(api, api.GetDimensions(info, sides, sides.length));
  return { code: code[0]!, shape: Array.from(sides, Number) };
}

/** Element type and shape of a value. */
function typeOfValue(
  { api }: Library,
  { handle }: TensorValue,
): { readonly type: ElementType; readonly shape: number[] } {
  const info = written<Handle<'TensorInfo'>>((out) => requireOk(api, api.GetTensorTypeAndShape(handle, out)));
  try {
    const { code, shape } = describe(api, info);
    return { type: elementTypeOf(code), shape };
  } finally {
    api.ReleaseTensorTypeAndShapeInfo(info);
  }
}

/** A copy of a value that lies in the machine's own memory. */
export function readValue(library: Library, value: TensorValue): Tensor {
  const { api } = library;
  const { type, shape } = typeOfValue(library, value);
  const address = written((out) => requireOk(api, api.GetTensorMutableData(value.handle, out)));
  const bytes = shape.reduce((product, side) => product * side, elementBytes(type));
  return { data: arrayOver(type, copyOf(address, bytes)), shape };
}
