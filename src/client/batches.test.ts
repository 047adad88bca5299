import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatches } from './batches.ts';

test('a followed batch is not read again from its beginning', async () => {
  /** What has ended each time that is asked, of four lines. */
  const ended = [[1], [1, 2, 4], [1, 2, 4], [1, 2, 3, 4]];
  let asked = -1;
  const reads: string[] = [];
  const batches = createBatches(async (path) => {
    if (path === 'v2/batches/b') {
      const completed = ended[++asked]!.length;
      const counts = { waiting: 0, processing: 0, completed, failed: 0, cancelled: 0 };
      return Response.json({ counts, finished_at: completed === 4 ? '2026-01-01T00:00:00Z' : null });
    }
    reads.push(path);
    const from = Number(new URLSearchParams(path.split('?')[1]).get('from'));
    const lines = ended[asked]!.filter((line) => line >= from);
    return new Response(lines.map((line) => `${JSON.stringify({ line })}\n`).join(''));
  });
  const told = [];
  for await (const { line } of batches.follow('b', { pauseMs: 1 })) told.push(line);
  assert.deepEqual(told, [1, 2, 4, 3]);
  assert.deepEqual(reads, [
    'v2/batches/b/results?from=1',
    'v2/batches/b/results?from=2',
    'v2/batches/b/results?from=3',
  ]);
});
