import { crc32, inflateSync } from 'node:zlib';

/** Text chunks of PNG (ISO/IEC 15948, section 11.3.4): tEXt, zTXt and iTXt. */

const signatureBytes = 8;
/** What the compressed texts of a picture may become together, and how many of all kinds are read. */
const mostTextBytes = 1024 * 1024;
const mostTexts = 64;

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
  /** Where the chunk ends, its checksum included. */
  readonly end: number;
}

/** The chunks of a PNG as far as they are whole. */
function* chunksOf(png: Buffer): Generator<Chunk> {
  for (let at = signatureBytes; at + 12 <= png.length; ) {
    const length = png.readUInt32BE(at);
    const end = at + 12 + length;
    if (end > png.length) return;
    const type = png.toString('latin1', at + 4, at + 8);
    yield { type, data: png.subarray(at + 8, at + 8 + length), end };
    at = end;
  }
}

function chunk(type: string, data: Buffer): Buffer {
  const whole = Buffer.alloc(12 + data.length);
  whole.writeUInt32BE(data.length, 0);
  whole.write(type, 4, 'latin1');
  data.copy(whole, 8);
  whole.writeUInt32BE(crc32(whole.subarray(4, 8 + data.length)), 8 + data.length);
  return whole;
}

/** A keyword with its text, as tEXt where Latin-1 has every letter of it, as iTXt (UTF-8) otherwise. */
function textChunk(keyword: string, text: string): Buffer {
  return /^[^\u0100-\uffff]*$/.test(text)
    ? chunk('tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1'))
    : chunk('iTXt', Buffer.from(`${keyword}\0\0\0\0\0${text}`, 'utf8'));
}

/** The keyword of XMP in a PNG (XMP specification, part 3, section 1.1.5); always iTXt. */
const xmpKeyword = 'XML:com.adobe.xmp';

/**
 * The same PNG with texts behind its header, where readers that stop at the pixels find them.
 * @param texts by keyword, 1 to 79 letters of Latin-1.
 */
export function withPngTexts(png: Uint8Array, texts: Readonly<Record<string, string>>, xmp?: string): Buffer {
  const bytes = Buffer.from(png.buffer, png.byteOffset, png.byteLength);
  const header = chunksOf(bytes).next().value;
  if (header?.type !== 'IHDR') throw new Error('a PNG begins with its header');
  return Buffer.concat([
    bytes.subarray(0, header.end),
    ...Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text)),
    ...(xmp === undefined ? [] : [chunk('iTXt', Buffer.from(`${xmpKeyword}\0\0\0\0\0${xmp}`, 'utf8'))]),
    bytes.subarray(header.end),
  ]);
}

/**
 * The texts of a PNG by their keywords; of two with one keyword the first. What cannot be read is left out.
 */
export function readPngTexts(png: Buffer): Record<string, string> {
  const texts = new Map<string, string>();
  let left = mostTextBytes;
  const inflated = (bytes: Buffer): Buffer | undefined => {
    try {
      const text = inflateSync(bytes, { maxOutputLength: Math.max(1, left) });
      left -= text.length;
      return text;
    } catch {
      return undefined;
    }
  };
  for (const { type, data } of chunksOf(png)) {
    const end = data.indexOf(0);
    if (!['tEXt', 'zTXt', 'iTXt'].includes(type) || end < 1) continue;
    const keyword = data.toString('latin1', 0, end);
    const text = texts.has(keyword) ? undefined : readText(type, data.subarray(end + 1), inflated);
    if (text !== undefined) texts.set(keyword, text);
    if (texts.size === mostTexts) break;
  }
  return Object.fromEntries(texts);
}

/** @param rest what stands behind the keyword. */
function readText(
  type: string,
  rest: Buffer,
  inflated: (bytes: Buffer) => Buffer | undefined,
): string | undefined {
  if (type === 'tEXt') return rest.toString('latin1');
  if (type === 'zTXt') return inflated(rest.subarray(1))?.toString('latin1');
  const language = rest.indexOf(0, 2);
  const translated = language < 0 ? -1 : rest.indexOf(0, language + 1);
  if (translated < 0) return undefined;
  const text = rest.subarray(translated + 1);
  return (rest[0] === 1 ? inflated(text) : text)?.toString('utf8');
}
