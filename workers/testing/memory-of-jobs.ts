import { readConfig } from '../../src/config/config.ts';
import { superviseEngine } from '../supervisor/engines/engine-supervisor.ts';
import { fakeRequest, silentLog } from './queue.ts';

/**
 * What a worker's thread holds while jobs pass through it, for a test that starts this with `--expose-gc`.
 * Its arguments are the entry file of an engine, the number of jobs and the megabytes of each input picture;
 * FAKE_PICTURE_BYTES decides about the results. Prints the megabytes outside and inside V8's heap after a
 * full collection, four times in the course of the jobs.
 */
const [engineFile = '', jobs = '400', inputMegabytes = '1'] = process.argv.slice(2);
const unexpected = (what: unknown): never => {
  throw new Error(`the engine was replaced: ${what}`);
};

const supervisor = await superviseEngine({
  engineFile,
  config: readConfig({}),
  log: silentLog,
  onUp: () => undefined,
  onDown: unexpected,
  onResidency: () => undefined,
  onHopeless: unexpected,
});
const held: { readonly external: number; readonly heap: number }[] = [];
for (let job = 1; job <= Number(jobs); job++) {
  const input = Buffer.alloc(Number(inputMegabytes) * 2 ** 20);
  await supervisor.run(
    { ...fakeRequest('stepMs=0', 2), seed: job },
    { inputImage: input, signal: new AbortController().signal, progress: () => undefined },
  );
  if (job % (Number(jobs) / 4) > 0) continue;
  // Buffers are freed by finalizers, which the first collection only schedules.
  for (let collection = 0; collection < 3; collection++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { external, heapUsed } = process.memoryUsage();
  held.push({ external: external / 2 ** 20, heap: heapUsed / 2 ** 20 });
}
process.stdout.write(`${JSON.stringify(held)}\n`);
await supervisor.close();
