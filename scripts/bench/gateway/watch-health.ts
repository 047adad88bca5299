import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Agent, request } from 'undici';

/** A thread that asks an address again and again, and tells the milliseconds of each answer at the end. */
const { url, milliseconds } = workerData as { url: string; milliseconds: number };
const dispatcher = new Agent({ connections: 1 });
const end = performance.now() + milliseconds;
const times: number[] = [];
while (performance.now() < end) {
  const startedAt = performance.now();
  await (await request(url, { dispatcher })).body.dump();
  times.push(performance.now() - startedAt);
  await delay(25);
}
await dispatcher.destroy();
parentPort!.postMessage(times);
