import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CheckpointError } from '../checkpoint-error.ts';

/** Bytes start ... end of a file. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * One field of a protobuf message: a length-delimited one as the span of its content, a varint as its value.
 */
export interface Field {
  readonly number: number;
  readonly span: Span | undefined;
  readonly varint: bigint | undefined;
}

/**
 * Reads protobuf messages where they lie, so that gigabytes of weights inside a file are stepped over and not
 * read.
 */
export interface ProtobufFile {
  readonly whole: Span;
  /** The fields of the message in a span. @throws CheckpointError naming the file where it is no protobuf. */
  fields(span: Span): Generator<Field>;
  text(span: Span): string;
  close(): void;
}

const windowBytes = 65_536;
/** Names and paths are short; a longer one is damage. */
const mostTextBytes = 65_536;

export function openProtobuf(file: string): ProtobufFile {
  const descriptor = openSync(file, 'r');
  const size = fstatSync(descriptor).size;
  const window = Buffer.alloc(windowBytes);
  let windowStart = 0;
  let windowEnd = 0;

  const fail = (at: number): never => {
    throw new CheckpointError(`${file}: not an ONNX model (damaged at byte ${at})`);
  };
  const byteAt = (at: number): number => {
    if (at < windowStart || at >= windowEnd) {
      windowStart = at;
      windowEnd = at + readSync(descriptor, window, 0, windowBytes, at);
      if (windowEnd <= at) return fail(at);
    }
    return window[at - windowStart]!;
  };
  const varint = (start: number, end: number): { value: bigint; next: number } => {
    let value = 0n;
    for (let at = start; at < Math.min(end, start + 10); at++) {
      const byte = byteAt(at);
      value |= BigInt(byte & 0x7f) << BigInt(7 * (at - start));
      if (byte < 0x80) return { value, next: at + 1 };
    }
    return fail(start);
  };

  return {
    whole: { start: 0, end: size },
    close: () => closeSync(descriptor),
    text: ({ start, end }) => {
      if (end - start > mostTextBytes) return fail(start);
      const bytes = Buffer.alloc(end - start);
      readSync(descriptor, bytes, 0, bytes.length, start);
      return bytes.toString('utf8');
    },
    *fields({ start, end }) {
      let at = start;
      while (at < end) {
        const key = varint(at, end);
        const number = Number(key.value >> 3n);
        const wire = Number(key.value & 7n);
        at = key.next;
        if (wire === 0) {
          const { value, next } = varint(at, end);
          at = next;
          yield { number, span: undefined, varint: value };
        } else if (wire === 2) {
          const { value, next } = varint(at, end);
          const stop = next + Number(value);
          if (stop > end) fail(at);
          at = stop;
          yield { number, span: { start: next, end: stop }, varint: undefined };
        } else if (wire === 1 || wire === 5) {
          at += wire === 1 ? 8 : 4;
          if (at > end) fail(at);
        } else fail(at);
      }
    },
  };
}
