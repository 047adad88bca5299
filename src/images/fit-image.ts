import { restrictedSharp } from './restricted-sharp.ts';

/**
 * How a picture comes to another shape: each side by itself; scaled to cover it and cropped the same on both
 * sides; scaled to fit into it, its outermost pixels repeated where nothing is (A1111's resize_mode 0, 1 and
 * 2).
 */
export type Fit = 'stretch' | 'cover' | 'extend';

/** Brings a decoded picture (PNG) to width x height, with Lanczos. */
export async function fitImage(
  png: Uint8Array,
  { width, height, fit }: { readonly width: number; readonly height: number; readonly fit: Fit },
): Promise<Buffer> {
  const picture = restrictedSharp(png);
  const resized =
    fit === 'extend'
      ? await extended(png, width, height)
      : picture.resize({
          ...{ width, height, kernel: 'lanczos3', position: 'centre' },
          fit: fit === 'cover' ? 'cover' : 'fill',
        });
  return await resized.png({ compressionLevel: 3, palette: false }).toBuffer();
}

async function extended(png: Uint8Array, width: number, height: number) {
  const { width: from = width, height: fromHeight = height } = await restrictedSharp(png).metadata();
  const isWide = width / height < from / fromHeight;
  const inner = {
    width: isWide ? width : Math.max(1, Math.floor((from * height) / fromHeight)),
    height: isWide ? Math.max(1, Math.floor((fromHeight * width) / from)) : height,
  };
  const left = Math.floor((width - inner.width) / 2);
  const top = Math.floor((height - inner.height) / 2);
  return restrictedSharp(png)
    .resize({ ...inner, fit: 'fill', kernel: 'lanczos3' })
    .extend({
      ...{ left, right: width - inner.width - left, top, bottom: height - inner.height - top },
      extendWith: 'copy',
    });
}
