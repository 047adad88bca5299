import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import protobuf from 'protobufjs/light.js';

/** Bytes start ... end of a file. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One field of a protobuf message, with the span of its content where it is length-delimited. */
export interface Field {
  readonly number: number;
  readonly span: Span | undefined;
}

/**
 * Reads protobuf messages where they lie, so that gigabytes of weights inside a file are stepped over and not
 * read.
 */
export interface ProtobufFile {
  readonly whole: Span;
  /** The fields of the message in a span. @throws ProtobufError where it is no protobuf. */
  fields(span: Span): Generator<Field>;
  text(span: Span): string;
  close(): void;
}

/** A file is no protobuf, or a damaged one. */
export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

const windowBytes = 65_536;
/** A key and a length are varints of at most 10 bytes each. */
const headBytes = 20;
/** Names and paths are short; a longer one is damage. */
const mostTextBytes = 65_536;
const wireTypes = { varint: 0, bits64: 1, delimited: 2, bits32: 5 } as const;

export function openProtobuf(file: string): ProtobufFile {
  const descriptor = openSync(file, 'r');
  const { size } = fstatSync(descriptor);
  const window = Buffer.alloc(windowBytes);
  let windowStart = 0;
  let windowEnd = 0;

  const fail = (at: number): never => {
    throw new ProtobufError(`damaged at byte ${at}`);
  };
  /** The bytes from `at` on that are at hand, at least a field's head where the message has so many. */
  const bytesAt = (at: number, end: number): Buffer => {
    if (at < windowStart || Math.min(at + headBytes, end) > windowEnd) {
      windowStart = at;
      windowEnd = at + readSync(descriptor, window, 0, windowBytes, at);
    }
    return window.subarray(at - windowStart, Math.min(windowEnd, end) - windowStart);
  };
  /** The field that begins at `at`, and where the next one does. */
  const fieldAt = (at: number, end: number): { field: Field; next: number } => {
    const reader = protobuf.Reader.create(bytesAt(at, end));
    const key = reader.uint32();
    const wireType = key & 7;
    const field = { number: key >>> 3, span: undefined };
    if (wireType === wireTypes.varint) reader.skip();
    else if (wireType === wireTypes.delimited) {
      const length = reader.uint32();
      const start = at + reader.pos;
      return { field: { ...field, span: { start, end: start + length } }, next: start + length };
    }
    const fixed = { [wireTypes.varint]: 0, [wireTypes.bits64]: 8, [wireTypes.bits32]: 4 }[wireType];
    return fixed === undefined ? fail(at) : { field, next: at + reader.pos + fixed };
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
      for (let at = start; at < end; ) {
        let found: ReturnType<typeof fieldAt>;
        try {
          found = fieldAt(at, end);
        } catch {
          return fail(at);
        }
        if (found.next > end) fail(at);
        yield found.field;
        at = found.next;
      }
    },
  };
}
