import { deflateSync } from 'node:zlib';
import type { Sprite } from './draw-sprite.ts';

/**
 * A file of one JSON header and sprites, each deflated apart (RFC 1950): the header's length in bytes as a
 * little-endian uint32, the header, the sprites one after the other. Each of `sprites` in the header says
 * where its bytes begin, counted from the end of the header, how many there are, and its leading colour.
 */
export function packFile(header: object, sprites: readonly Sprite[]): Buffer {
  const packed = sprites.map(({ planes }) => deflateSync(planes, { level: 9 }));
  let offset = 0;
  const places = packed.map((bytes, index) => {
    const place = {
      offset,
      length: bytes.length,
      colour: sprites[index]!.colour.map((value) => Math.round(value)),
    };
    offset += bytes.length;
    return place;
  });
  const json = Buffer.from(JSON.stringify({ ...header, sprites: places }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, ...packed]);
}
