import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeInputImage } from './decode-input-image.ts';
import { keptCoefficientBytes } from './jpeg-frame.ts';
import { options, plain, refusal } from './testing/input-pictures.ts';

test('the memory that a picture takes is asked for before it is decoded, and bounded', async () => {
  const asked = async (bytes: Uint8Array): Promise<number> => {
    let needed = 0;
    const admit = async <Result>(most: number, decode: () => Promise<Result>) => {
      needed = most;
      return await decode();
    };
    await decodeInputImage(bytes, { ...options, admit });
    return Math.round(needed / 2 ** 20) - 32;
  };
  const jpeg = (progressive: boolean, chromaSubsampling: string) =>
    plain(4096, 4096, '#4080c0').jpeg({ progressive, chromaSubsampling }).toBuffer();
  assert.equal(await asked(await jpeg(false, '4:2:0')), 0);
  // Two bytes of each coefficient: 16 Mi of luma, a quarter or all of that for either chroma.
  assert.equal(await asked(await jpeg(true, '4:2:0')), 48);
  assert.equal(await asked(await jpeg(true, '4:4:4')), 96);
  assert.equal(await asked(await plain(4096, 4096, '#4080c0').png().toBuffer()), 0);
  assert.equal(await asked(await plain(4096, 4096, '#4080c0').png({ progressive: true }).toBuffer()), 48);
  assert.equal(
    await asked(await plain(4096, 4096, '#4080c0').webp({ lossless: true, effort: 0 }).toBuffer()),
    64,
  );
  const large = Buffer.from(await plain(64, 64, '#4080c0').jpeg({ progressive: true }).toBuffer());
  const frame = large.indexOf(Buffer.from([0xff, 0xc2]));
  large.writeUInt16BE(12_240, frame + 5);
  large.writeUInt16BE(16_320, frame + 7);
  assert.equal(
    await refusal(large),
    'the image is 16320x12240 and progressive: it takes 572 MiB to decode; save it as a plain JPEG or smaller',
  );
});

test('a JPEG whose components come one after another counts as a progressive one', async () => {
  // The header of a baseline picture of three components whose first scan has one.
  const frame = [0xff, 0xc0, 0, 17, 8, 0x10, 0, 0x10, 0, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0];
  const scan = (count: number) => [0xff, 0xda, 0, 6 + 2 * count, count, ...Array(2 * count).fill(0), 0, 0, 0];
  const start = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff];
  const bytes = (count: number) => Uint8Array.from([...start, ...frame, ...scan(count)]);
  assert.equal(keptCoefficientBytes(bytes(1)), 4096 * 4096 * 3);
  assert.equal(keptCoefficientBytes(bytes(3)), 0);
  for (const cut of [0, 1, 5, 9, 12, 20, 30])
    assert.equal(keptCoefficientBytes(bytes(1).subarray(0, cut)), 0);
});
