import { restrictedSharp } from './restricted-sharp.ts';

/**
 * Scales a decoded picture (PNG) to cover width x height (Lanczos) and crops what stands over, the same on
 * both sides.
 */
export function coverImage(png: Uint8Array, width: number, height: number): Promise<Buffer> {
  return restrictedSharp(png)
    .resize({ width, height, fit: 'cover', position: 'centre', kernel: 'lanczos3' })
    .png({ compressionLevel: 3, palette: false })
    .toBuffer();
}
