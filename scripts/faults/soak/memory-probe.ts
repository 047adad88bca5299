import { rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';

/**
 * Loaded into the processes of a soak (`node --expose-gc --import` this file): whoever connects to the socket
 * of this process under PROBE_DIR is told what it holds after full collections.
 */

/** Buffers are freed by finalizers, which one collection only schedules. */
const collections = 3;

const socket = path.join(process.env.PROBE_DIR ?? '', `${process.pid}.sock`);
// Of this process before it began itself anew (src/process/exec-with.ts).
rmSync(socket, { force: true });
net
  .createServer(async (connection) => {
    connection.on('error', () => undefined);
    for (let collection = 0; collection < collections; collection++) {
      globalThis.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const { heapUsed, external, rss } = process.memoryUsage();
    connection.end(JSON.stringify({ heapUsed, external, rss }));
  })
  .listen(socket)
  .unref();
