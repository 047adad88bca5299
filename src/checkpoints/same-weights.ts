import type { Component, TensorLocation } from './checkpoint.ts';
import { isIgnorableTensor } from './safetensors/safetensors.ts';
import { readTensorValues, tensorPieces } from './safetensors/tensor-values.ts';

/**
 * Whether two components compute the same function to the bit: the same class and config, and every tensor
 * the same bytes. Decided by content, which is read only as far as it is equal, the small tensors first:
 * those of other training differ at once.
 */
export async function haveSameWeights(a: Component<unknown>, b: Component<unknown>): Promise<boolean> {
  const [own, others] = [weightsOf(a), weightsOf(b)];
  if (a.className !== b.className || own.length !== others.length) return false;
  if (JSON.stringify(a.config) !== JSON.stringify(b.config)) return false;
  const rest = own.sort(([, x], [, y]) => x.byteLength - y.byteLength).values();
  let isOver = false;
  const compare = async (): Promise<boolean> => {
    const room = newRoom();
    try {
      for (const [name, tensor] of rest) {
        if (isOver) break;
        const other = b.tensors.get(name);
        if (other === undefined || !(await isSameTensor(tensor, other, room))) return false;
      }
      return true;
    } finally {
      // For all: the first difference, the first failure or the last tensor.
      isOver = true;
    }
  };
  const compared = await Promise.allSettled(Array.from({ length: readers }, compare));
  const failure = compared.find((each) => each.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  return compared.every((each) => each.status === 'fulfilled' && each.value);
}

/** Tensors that are compared at once: a thread's copying out of the system's cache is what takes time. */
const readers = 4;
const pieceBytes = 4 * 2 ** 20;

/** Memory for a piece of either tensor. */
type Room = readonly [Uint8Array, Uint8Array];
const newRoom = (): Room => [new Uint8Array(pieceBytes), new Uint8Array(pieceBytes)];

function weightsOf({ tensors }: Component<unknown>): [string, TensorLocation][] {
  return [...tensors].filter(([name]) => !isIgnorableTensor(name));
}

/** Whether the bytes of two tensors are the same, and what they stand for. @param room is written over. */
export async function isSameTensor(
  a: TensorLocation,
  b: TensorLocation,
  room: Room = newRoom(),
): Promise<boolean> {
  const { file, byteOffset, transposed, ...kind } = a;
  const { file: otherFile, byteOffset: otherOffset, transposed: otherTransposed, ...otherKind } = b;
  if (JSON.stringify(kind) !== JSON.stringify(otherKind)) return false;
  if (transposed !== otherTransposed) {
    const [values, otherValues] = [await readTensorValues(a), await readTensorValues(b)];
    return values.every((value, index) => Object.is(value, otherValues[index]));
  }
  if (file === otherFile && byteOffset === otherOffset) return true;
  const [pieces, others] = [tensorPieces(a, room[0]), tensorPieces(b, room[1])];
  try {
    for (;;) {
      const [piece, other] = await Promise.all([pieces.next(), others.next()]);
      if (piece.done === true || other.done === true) return piece.done === other.done;
      if (Buffer.compare(piece.value, other.value) !== 0) return false;
    }
  } finally {
    await Promise.all([pieces.return(undefined), others.return(undefined)]);
  }
}
