/** In the page: puts that many finished requests in the history, with thumbnails, and nothing else. */
export async function fillHistory(count: number): Promise<void> {
  const request = indexedDB.open('sdxl-server');
  const database = await new Promise<IDBDatabase>((resolve) => {
    request.onsuccess = () => resolve(request.result);
  });
  const canvas = new OffscreenCanvas(192, 192);
  const context = canvas.getContext('2d')!;
  const entries = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      context.fillStyle = `hsl(${index * 7} 70% 50%)`;
      context.fillRect(0, 0, 192, 192);
      return {
        id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
        createdAt: 1_000_000 + (count - index),
        ...{ slug: 'sdxl-torch', body: { prompt: `a star of ${index}` }, status: 'COMPLETED' },
        result: { images: [], seed: '1', prompt: '', metrics: { inference_time: 1 } },
        thumbnail: await canvas.convertToBlob({ type: 'image/webp' }),
      };
    }),
  );
  const transaction = database.transaction('entries', 'readwrite');
  transaction.objectStore('entries').clear();
  for (const entry of entries) transaction.objectStore('entries').put(entry);
  await new Promise<void>((resolve) => {
    transaction.oncomplete = () => resolve();
  });
  database.close();
}
