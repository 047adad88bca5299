import { readTensorBytes } from '../../../checkpoints/safetensors/tensor-values.ts';
import { conversionNodes, type LocatedWeight, storedTypes } from '../../../graphs/locate-weights.ts';
import { dataTypes, encodeModel } from '../../../onnx/onnx-proto.ts';
import { type InferenceSession, openInferenceSession } from '../inference-session.ts';
import { loadLibrary } from '../library.ts';
import { valueOverBytes } from '../tensor-values.ts';

/** Makes weights of stored tensors, by the operators that the runtime would apply when it loads them. */
export interface WeightConverter {
  /** @returns a weight's bytes as its graph wants them. @throws Error where the file cannot be read. */
  convert(located: LocatedWeight): Promise<Uint8Array>;
  release(): Promise<void>;
}

export function createWeightConverter(): WeightConverter {
  /** By what is converted to what, whatever the sizes. */
  const sessions = new Map<string, Promise<InferenceSession>>();
  const [input, output] = [(at: LocatedWeight) => conversionNodes(at, output).stored, 'weight'] as const;

  const open = (located: LocatedWeight): Promise<InferenceSession> => {
    const { stored, nodes, factors } = conversionNodes(located, output);
    const shape = located.shape.map(() => null);
    const model = encodeModel({
      ...{ name: 'conversion', opsets: { '': 18 }, initializers: factors, nodes },
      inputs: [{ name: stored, dataType: storedTypes[located.at.dtype], shape }],
      outputs: [{ name: output, dataType: located.weight.precision, shape }],
    });
    return openInferenceSession(model, { device: 'cpu', level: 'disabled', cpuArena: false });
  };
  const sessionFor = (located: LocatedWeight): Promise<InferenceSession> => {
    const key = conversionKey(located);
    const session = sessions.get(key) ?? open(located);
    sessions.set(key, session);
    return session;
  };

  return {
    convert: async (located) => {
      const { at, shape } = located;
      const [session, bytes] = await Promise.all([sessionFor(located), readTensorBytes(at)]);
      const value = valueOverBytes(loadLibrary(), bytes, dataTypes[storedTypes[at.dtype]], shape);
      try {
        const { data } = (await session.run({ [input(located)]: value }))[output]!;
        return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      } finally {
        value.release();
      }
    },
    release: async () => {
      const opened = await Promise.allSettled(sessions.values());
      sessions.clear();
      for (const session of opened) if (session.status === 'fulfilled') await session.value.release();
    },
  };
}

/** What becomes of a stored tensor, apart from its sizes. */
export function conversionKey({ at, weight, shape, conversions }: LocatedWeight): string {
  return JSON.stringify([at.dtype, conversions, shape.length, weight.precision]);
}
