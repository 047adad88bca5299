import koffi from 'koffi';

/** Texts as an array of C strings. All of it must be held for as long as it is read. */
export interface TextArray {
  /** char const * const *. */
  readonly addresses: BigUint64Array;
  readonly bytes: readonly Uint8Array[];
}

/** Texts as C takes an array of strings; `bytes` is to live for as long as `addresses` is used. */
export function textArray(texts: readonly string[]): TextArray {
  const bytes = texts.map((text) => Buffer.from(`${text}\0`, 'utf8'));
  return { addresses: BigUint64Array.from(bytes, (each) => koffi.address(each)), bytes };
}

/** The C strings that an array of addresses names; '' for a null. */
export function textsAt(addresses: BigUint64Array): string[] {
  return Array.from(addresses, (address) => (address === 0n ? '' : koffi.decode.string(address)));
}

/** A copy of memory that is not ours, which may be gone afterwards. */
export function copyOf(address: bigint, bytes: number): ArrayBuffer {
  return bytes === 0 ? new ArrayBuffer(0) : koffi.view(address, bytes).slice(0);
}

/**
 * What a function wrote that gives one object or number of 64 bits. @param call is given where to write it.
 */
export function written<Given extends bigint>(call: (out: BigUint64Array) => void): Given {
  const out = new BigUint64Array(1);
  call(out);
  return out[0] as Given;
}

const held = new Set<unknown>();

/** Keeps what the library was given the address of from being collected before its work is done. */
export async function holding<Made>(given: unknown, work: Promise<Made>): Promise<Made> {
  held.add(given);
  try {
    return await work;
  } finally {
    held.delete(given);
  }
}
