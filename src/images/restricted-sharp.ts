import sharp from 'sharp';

// libvips ships loaders for SVG, PDF, TIFF, GIF, HEIF and more, from files and streams: each one is code that
// untrusted bytes would reach. Only these three stay, and only from memory.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'],
});
// Pictures do not repeat; the cache would only keep clients' pixels in memory.
sharp.cache(false);

/** sharp, able to read JPEG, PNG and WebP from memory and nothing else. */
export const restrictedSharp: typeof sharp = sharp;
