import { readTensorBytes } from '../../../checkpoints/safetensors/tensor-values.ts';
import { conversionNodes, type LocatedWeight, storedTypes } from '../../../graphs/locate-weights.ts';
import { dataTypes, encodeModel } from '../../../onnx/onnx-proto.ts';
import type { Device } from '../device.ts';
import { type InferenceSession, openInferenceSession } from '../inference-session.ts';
import { loadLibrary } from '../library.ts';
import { valueOverBytes } from '../tensor-values.ts';

/** Makes weights of stored tensors, by the operators that the runtime would apply when it loads them. */
export interface WeightConverter {
  /** @returns a weight's bytes as its graph wants them. @throws Error where the file cannot be read. */
  convert(located: LocatedWeight): Promise<Uint8Array>;
  release(): Promise<void>;
}

/** The output of a conversion's graph. */
export const convertedName = 'weight';

/** The input of a conversion's graph, which is the stored tensor. */
export const conversionInput = (located: LocatedWeight): string =>
  conversionNodes(located, convertedName).stored;

/** A graph that makes weights of stored tensors of any size. */
function openConversion(located: LocatedWeight, device: Device): Promise<InferenceSession> {
  const { stored, nodes, factors } = conversionNodes(located, convertedName);
  const shape = located.shape.map(() => null);
  const model = encodeModel({
    ...{ name: 'conversion', opsets: { '': 18 }, initializers: factors, nodes },
    inputs: [{ name: stored, dataType: storedTypes[located.at.dtype], shape }],
    outputs: [{ name: convertedName, dataType: located.weight.precision, shape }],
  });
  return openInferenceSession(model, { device, level: 'disabled', cpuArena: false, threads: 1 });
}

/** Sessions of conversions on a device: one for what is converted to what, whatever the sizes. */
export interface Conversions {
  session(located: LocatedWeight): Promise<InferenceSession>;
  /** @param stays whether the session of such weights is kept. */
  release(stays?: (located: LocatedWeight) => boolean): Promise<void>;
}

/** One session for each kind of conversion, opened when it is first asked for, on that device. */
export function createConversions(device: Device): Conversions {
  const opened = new Map<
    string,
    { readonly located: LocatedWeight; readonly session: Promise<InferenceSession> }
  >();
  return {
    session: (located) => {
      const key = conversionKey(located);
      const known = opened.get(key);
      if (known !== undefined) return known.session;
      const session = openConversion(located, device);
      opened.set(key, { located, session });
      // No memory now may be memory later.
      session.catch(() => opened.delete(key));
      return session;
    },
    release: async (stays = () => false) => {
      for (const [key, { located, session }] of opened) {
        if (stays(located)) continue;
        opened.delete(key);
        await session.then(
          ({ release }) => release(),
          () => undefined,
        );
      }
    },
  };
}

/** Converts on the CPU. */
export function createWeightConverter(): WeightConverter {
  const conversions = createConversions('cpu');
  return {
    convert: async (located) => {
      const { at, shape } = located;
      const [session, bytes] = await Promise.all([conversions.session(located), readTensorBytes(at)]);
      const value = valueOverBytes(loadLibrary(), bytes, dataTypes[storedTypes[at.dtype]], shape);
      try {
        const { data } = (await session.run({ [conversionInput(located)]: value }))[convertedName]!;
        return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      } finally {
        value.release();
      }
    },
    release: () => conversions.release(),
  };
}

/** What becomes of a stored tensor, apart from its sizes. */
export function conversionKey({ at, weight, shape, conversions }: LocatedWeight): string {
  return JSON.stringify([at.dtype, conversions, shape.length, weight.precision]);
}
