import { type Code, get, moduleBytes, set, v128 } from './wasm-code.ts';

/** The part of the WebAssembly API used here; TypeScript has its types only with the browser's. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

export interface Kernel {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  run(...parameters: number[]): void;
}

/** Collects the locals and constants of a function while its code is written. */
export interface KernelBuilder {
  readonly parameters: readonly number[];
  /** A 32-bit integer local. */
  readonly index: number;
  /** A new 128-bit vector local. */
  vector(): number;
  /** The code that gets a constant, of 16 bytes. */
  constant(lanes: ArrayBufferView): Code;
  /** @param constantBytes room for the constants at the start of the memory */
  instantiate(body: Code, constantBytes: number): Kernel;
}

/** @param parameters number of i32 parameters */
export function createKernelBuilder(parameters: number): KernelBuilder {
  const index = parameters;
  let vectors = 0;
  const vector = () => parameters + 1 + vectors++;
  const constants = new Map<string, { readonly local: number; readonly bytes: Uint8Array }>();

  return {
    parameters: Array.from({ length: parameters }, (_, i) => i),
    index,
    vector,
    /*
     * Constants are read from memory into locals before the loop: V8 composes a literal vector from
     * immediates at each of its uses, which made the kernel 1.7 times slower.
     */
    constant(lanes) {
      const bytes = new Uint8Array(lanes.buffer);
      const known = constants.get(bytes.join());
      if (known !== undefined) return get(known.local);
      const local = vector();
      constants.set(bytes.join(), { local, bytes });
      return get(local);
    },
    instantiate(body, constantBytes) {
      const pool = [...constants.values()];
      if (pool.length * 16 > constantBytes)
        throw new RangeError(`${pool.length} constants need more than ${constantBytes} bytes`);
      const loads = pool.flatMap(({ local }, i) => set(local, v128.load(i * 16)));
      const bytes = moduleBytes({ parameters, integers: 1, vectors }, [...loads, ...body]);
      const kernel = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Kernel;
      for (const [i, constant] of pool.entries())
        new Uint8Array(kernel.memory.buffer).set(constant.bytes, i * 16);
      return kernel;
    },
  };
}

/**
 * Statement by statement through several independent chains of the same shape, so that one hides the latency
 * of the others.
 */
export function interleave(chains: readonly (readonly Code[])[]): Code {
  return chains[0]!.flatMap((_, i) => chains.flatMap((chain) => chain[i]!));
}
