import sharp from 'sharp';
import { type LeadingColour, leadingColour } from './leading-colour.ts';

/** Pixels of a sprite's side. */
export const spriteSide = 384;
/** Of the sprite's half, how much the drawing's longer side reaches: the rest is room for outlines. */
export const spriteReach = 1 / 1.15;

/**
 * Planes of spriteSide x spriteSide bytes: red, green and blue times alpha, alpha, the share of the leading
 * colour times alpha.
 */
export interface Sprite extends LeadingColour {
  readonly planes: Uint8Array;
}

/** A drawing, cut to what it shows and centred, its longer side over spriteReach of the sprite. */
export async function drawSprite(svg: string, tinted: boolean): Promise<Sprite> {
  const inner = Math.round(spriteSide * spriteReach);
  // Drawn large first: what is cut off must not cost sharpness.
  const drawn = await sharp(Buffer.from(svg), { density: 72 * 32 })
    .resize(1024, 1024, { fit: 'inside' })
    .png()
    .toBuffer();
  const trimmed = await sharp(drawn).trim({ threshold: 8 }).png().toBuffer();
  const fitted = await sharp(trimmed)
    .resize(inner, inner, { fit: 'contain', background: '#00000000', kernel: 'mitchell' })
    .ensureAlpha()
    .raw()
    .toBuffer();
  const area = spriteSide ** 2;
  const planes = new Uint8Array(5 * area);
  const colour = leadingColour(fitted);
  const edge = Math.floor((spriteSide - inner) / 2);
  for (let index = 0; index < inner * inner; index++) {
    const at = (Math.floor(index / inner) + edge) * spriteSide + (index % inner) + edge;
    const alpha = fitted[4 * index + 3]!;
    for (let channel = 0; channel < 3; channel++)
      planes[channel * area + at] = Math.round((fitted[4 * index + channel]! * alpha) / 255);
    planes[3 * area + at] = alpha;
    planes[4 * area + at] = tinted ? Math.round(colour.shares[index]! * alpha) : 0;
  }
  return { planes, ...colour };
}
