import koffi from 'koffi';
import { textsAt, written } from './c-memory.ts';
import { elementName } from './element-types.ts';
import type { Handle, OrtApi } from './function-table.ts';
import { requireOk } from './runtime-error.ts';
import { describe } from './tensor-values.ts';

/** An input or output of a session. */
export interface SessionPort {
  readonly name: string;
  /** Name of the element type; 'no tensor' for what is none. */
  readonly type: string;
  /** A dimension with a name, or with none (''), may differ from run to run. */
  readonly shape: readonly (number | string)[];
}

/** What a session takes, in the order of the model. @throws Error with what the library says. */
export function inputPorts(api: OrtApi, session: Handle<'Session'>): SessionPort[] {
  const [count, name, type] = [
    api.SessionGetInputCount,
    api.SessionGetInputName,
    api.SessionGetInputTypeInfo,
  ] as const;
  return ports(api, session, count, name, type);
}

/** What a session makes, in the order of the model. @throws Error with what the library says. */
export function outputPorts(api: OrtApi, session: Handle<'Session'>): SessionPort[] {
  const [count, name, type] = [
    api.SessionGetOutputCount,
    api.SessionGetOutputName,
    api.SessionGetOutputTypeInfo,
  ] as const;
  return ports(api, session, count, name, type);
}

function ports(
  api: OrtApi,
  session: Handle<'Session'>,
  count: OrtApi['SessionGetInputCount'],
  nameOf: OrtApi['SessionGetInputName'],
  typeOf: OrtApi['SessionGetInputTypeInfo'],
): SessionPort[] {
  const length = Number(written((out) => requireOk(api, count(session, out))));
  const allocator = written<Handle<'Allocator'>>((out) =>
    requireOk(api, api.GetAllocatorWithDefaultOptions(out)),
  );
  return Array.from({ length }, (_, index) => {
    const text = written((out) => requireOk(api, nameOf(session, index, allocator, out)));
    const name = koffi.decode.string(text);
    requireOk(api, api.AllocatorFree(allocator, text));
    const info = written<Handle<'TypeInfo'>>((out) => requireOk(api, typeOf(session, index, out)));
    try {
      return { name, ...tensorType(api, info) };
    } finally {
      api.ReleaseTypeInfo(info);
    }
  });
}

function tensorType(api: OrtApi, info: Handle<'TypeInfo'>): Omit<SessionPort, 'name'> {
  // Part of the type info, and released with it.
  const tensor = written<Handle<'TensorInfo'>>((out) =>
    requireOk(api, api.CastTypeInfoToTensorInfo(info, out)),
  );
  if (tensor === 0n) return { type: 'no tensor', shape: [] };
  const { code, shape } = describe(api, tensor);
  const names = new BigUint64Array(shape.length);
  requireOk(api, api.GetSymbolicDimensions(tensor, names, names.length));
  const texts = textsAt(names);
  return { type: elementName(code), shape: shape.map((side, axis) => (side < 0 ? texts[axis]! : side)) };
}
