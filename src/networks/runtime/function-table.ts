import koffi from 'koffi';

declare const kind: unique symbol;
/**
 * The address of one of ONNX Runtime's objects. The library checks no pointer: one of another kind, null or
 * released, ends the process. So they are told apart here.
 */
export type Handle<Kind extends string> = bigint & { readonly [kind]: Kind };

/** What the functions take and give, beside handles: the type that koffi passes it as. */
const plain = {
  int: 'int',
  size: 'size_t',
  text: 'str',
  /** A file's path: wide characters on Windows. */
  path: process.platform === 'win32' ? 'str16' : 'str',
  /** Memory that must outlive the call, and the run where a run reads it: koffi holds no reference to it. */
  memory: 'void *',
  /** An address that is none of an object: of memory, of a function, a key. */
  address: 'void *',
  void: 'void',
} as const;

interface PlainValues {
  int: number;
  size: number;
  text: string;
  path: string;
  memory: ArrayBufferView;
  address: bigint;
  void: undefined;
}

type Plain = keyof PlainValues;
type Value<Name extends string> = Name extends Plain ? PlainValues[Name] : Handle<Name>;
type Values<Names extends readonly string[]> = { [Index in keyof Names]: Value<Names[Index] & string> };

/**
 * Index in OrtApi, result, parameters; what is no plain value is the handle of an object. Functions that give
 * an object write it to a BigUint64Array of one.
 *
 * Indices: offsetof of each member in a compiled C program over onnxruntime_c_api.h of API version 29
 * (yalue/onnxruntime_go at 8ce7fa5882bb3ac038bacdd53bfe02da3691899f), over 8. The struct only grows at its
 * end. A wrong one corrupts memory silently.
 */
const table = {
  GetErrorCode: [1, 'int', ['Status']],
  GetErrorMessage: [2, 'text', ['Status']],
  CreateEnv: [3, 'Status', ['int', 'text', 'memory']],
  DisableTelemetryEvents: [6, 'Status', ['Env']],
  CreateSession: [7, 'Status', ['Env', 'path', 'SessionOptions', 'memory']],
  CreateSessionFromArray: [8, 'Status', ['Env', 'memory', 'size', 'SessionOptions', 'memory']],
  CreateSessionOptions: [10, 'Status', ['memory']],
  EnableProfiling: [14, 'Status', ['SessionOptions', 'path']],
  DisableMemPattern: [17, 'Status', ['SessionOptions']],
  DisableCpuMemArena: [19, 'Status', ['SessionOptions']],
  SetSessionLogSeverityLevel: [22, 'Status', ['SessionOptions', 'int']],
  SetSessionGraphOptimizationLevel: [23, 'Status', ['SessionOptions', 'int']],
  SetIntraOpNumThreads: [24, 'Status', ['SessionOptions', 'int']],
  SessionGetInputCount: [30, 'Status', ['Session', 'memory']],
  SessionGetOutputCount: [31, 'Status', ['Session', 'memory']],
  SessionGetInputTypeInfo: [33, 'Status', ['Session', 'size', 'memory']],
  SessionGetOutputTypeInfo: [34, 'Status', ['Session', 'size', 'memory']],
  SessionGetInputName: [36, 'Status', ['Session', 'size', 'Allocator', 'memory']],
  SessionGetOutputName: [37, 'Status', ['Session', 'size', 'Allocator', 'memory']],
  CreateRunOptions: [39, 'Status', ['memory']],
  RunOptionsSetTerminate: [46, 'Status', ['RunOptions']],
  CreateTensorWithDataAsOrtValue: [
    49,
    'Status',
    ['MemoryInfo', 'memory', 'size', 'memory', 'size', 'int', 'memory'],
  ],
  GetTensorMutableData: [51, 'Status', ['Value', 'memory']],
  CastTypeInfoToTensorInfo: [55, 'Status', ['TypeInfo', 'memory']],
  GetTensorElementType: [60, 'Status', ['TensorInfo', 'memory']],
  GetDimensionsCount: [61, 'Status', ['TensorInfo', 'memory']],
  GetDimensions: [62, 'Status', ['TensorInfo', 'memory', 'size']],
  GetSymbolicDimensions: [63, 'Status', ['TensorInfo', 'memory', 'size']],
  GetTensorTypeAndShape: [65, 'Status', ['Value', 'memory']],
  CreateMemoryInfo: [68, 'Status', ['text', 'int', 'int', 'int', 'memory']],
  AllocatorFree: [76, 'Status', ['Allocator', 'address']],
  GetAllocatorWithDefaultOptions: [78, 'Status', ['memory']],
  ReleaseStatus: [93, 'void', ['Status']],
  ReleaseMemoryInfo: [94, 'void', ['MemoryInfo']],
  ReleaseSession: [95, 'void', ['Session']],
  ReleaseValue: [96, 'void', ['Value']],
  ReleaseRunOptions: [97, 'void', ['RunOptions']],
  ReleaseTypeInfo: [98, 'void', ['TypeInfo']],
  ReleaseTensorTypeAndShapeInfo: [99, 'void', ['TensorInfo']],
  ReleaseSessionOptions: [100, 'void', ['SessionOptions']],
  SessionEndProfiling: [110, 'Status', ['Session', 'Allocator', 'memory']],
  AddSessionConfigEntry: [130, 'Status', ['SessionOptions', 'text', 'text']],
  CreateAllocator: [131, 'Status', ['Session', 'MemoryInfo', 'memory']],
  ReleaseAllocator: [132, 'void', ['Allocator']],
  AddInitializer: [150, 'Status', ['SessionOptions', 'text', 'Value']],
  ReleaseArenaCfg: [157, 'void', ['ArenaCfg']],
  CreateArenaCfgV2: [164, 'Status', ['memory', 'memory', 'size', 'memory']],
  AddRunConfigEntry: [165, 'Status', ['RunOptions', 'text', 'text']],
  SessionOptionsAppendExecutionProvider_CUDA_V2: [204, 'Status', ['SessionOptions', 'CudaOptions']],
  CreateCUDAProviderOptions: [205, 'Status', ['memory']],
  UpdateCUDAProviderOptions: [206, 'Status', ['CudaOptions', 'memory', 'memory', 'size']],
  ReleaseCUDAProviderOptions: [208, 'void', ['CudaOptions']],
  SessionOptionsAppendExecutionProvider: [
    216,
    'Status',
    ['SessionOptions', 'text', 'memory', 'memory', 'size'],
  ],
  CreateAndRegisterAllocatorV2: [
    259,
    'Status',
    ['Env', 'text', 'MemoryInfo', 'ArenaCfg', 'memory', 'memory', 'size'],
  ],
  Run: [9, 'Status', ['Session', 'RunOptions', 'memory', 'memory', 'size', 'memory', 'size', 'memory']],
  RunAsync: [
    260,
    'Status',
    ['Session', 'RunOptions', 'memory', 'memory', 'size', 'memory', 'size', 'memory', 'address', 'address'],
  ],
  GetKeyValuePairs: [298, 'void', ['KeyValuePairs', 'memory', 'memory', 'memory']],
  ReleaseKeyValuePairs: [300, 'void', ['KeyValuePairs']],
  AllocatorGetStats: [319, 'Status', ['Allocator', 'memory']],
} as const;

/** The version of OrtApi asked for: the last whose header the indices were taken from. */
export const apiVersion = 29;

type Table = typeof table;
type Result<Name extends string> = Name extends 'Status' ? Handle<'Status'> | null : Value<Name>;
type Call<Parameters extends readonly string[], Name extends string> = {
  (...given: Values<Parameters>): Result<Name>;
  /** On one of libuv's threads. Arguments must be held until it calls back. */
  async(...given: [...Values<Parameters>, done: (error: Error | null, result: Result<Name>) => void]): void;
};

/** ONNX Runtime's functions. A Status is null where all went well. */
export type OrtApi = { readonly [Name in keyof Table]: Call<Table[Name][2], Table[Name][1]> };

const isPlain = (name: string): name is Plain => name in plain;
const typeOf = (name: string): string => (isPlain(name) ? plain[name] : 'void *');

/** @param address of the OrtApi struct. */
export function functionTable(address: bigint): OrtApi {
  const pointers = koffi.decode(address, 'void *', 1 + Math.max(...Object.values(table).map(([at]) => at)));
  return Object.fromEntries(
    Object.entries(table).map(([name, [index, result, parameters]]) => [
      name,
      koffi.decode(pointers[index], koffi.proto(typeOf(result), parameters.map(typeOf))),
    ]),
  ) as unknown as OrtApi;
}
