const side = 192;

/** The middle of a picture as a small square; undefined for what is no picture. */
export async function thumbnailOf(picture: Blob): Promise<Blob | undefined> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(picture);
  } catch {
    return undefined;
  }
  const canvas = document.createElement('canvas');
  canvas.width = side;
  canvas.height = side;
  const shorter = Math.min(bitmap.width, bitmap.height);
  const [left, top] = [(bitmap.width - shorter) / 2, (bitmap.height - shorter) / 2];
  const context = canvas.getContext('2d')!;
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, left, top, shorter, shorter, 0, 0, side, side);
  bitmap.close();
  return await new Promise((resolve) =>
    canvas.toBlob((blob) => resolve(blob ?? undefined), 'image/webp', 0.8),
  );
}
