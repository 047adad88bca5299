import { randomBytes } from 'node:crypto';
import { routesOf } from '../../../src/contract/routes.ts';
import { consume } from '../../../src/jobs/queue/consumer.ts';
import { beginWorker } from '../../../workers/begin-worker.ts';

/**
 * A worker of its own process whose engine takes no time: its pictures are 300 kB of noise. Ends with its
 * input.
 */

beginWorker();

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const bytes = randomBytes(300_000);
const consumer = await consume({
  redisUrl: process.env.REDIS_URL!,
  routes: routesOf({ endpoints: ['sdxl-torch'], refiner: true, baseModels: [] }),
  log: quiet,
  generate: async ({ seed }) => ({
    pictures: [{ bytes, seed }],
    checkpoints: ['stub'],
    inferenceSeconds: 0,
    stageSeconds: {},
  }),
});
process.stdout.write('ready\n');
process.stdin.resume();
process.stdin.on('end', async () => {
  await consumer.close();
  process.exit(0);
});
