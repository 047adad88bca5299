import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEvents } from './events.ts';

/** A stream of the text in chunks of so many bytes. */
function streamOf(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
      controller.close();
    },
  });
}

test('messages are read wherever the chunks are cut, comments and what is cut off at the end are no messages', async () => {
  const text =
    'event: position\ndata: {"position":1}\n\n: still here\n\nevent: done\ndata: {"prompt":"ü🐈"}\n\nevent: x\nda';
  for (const size of [1, 2, 7, 1000]) {
    const events: object[] = [];
    for await (const event of readEvents(streamOf(text, size))) events.push(event);
    assert.deepEqual(events, [
      { name: 'position', data: { position: 1 } },
      { name: 'done', data: { prompt: 'ü🐈' } },
    ]);
  }
});
