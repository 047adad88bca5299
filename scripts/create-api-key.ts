import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readConfig } from '../src/config.ts';
import { createApiKey } from '../src/jobs/api-keys.ts';
import { connect, failFastOptions } from '../src/jobs/connection.ts';

/**
 * `node scripts/create-api-key.ts [name]` makes an API key and prints it: in the Redis of REDIS_URL, or in the private one of a
 * running `npm start` on this DATA_DIR.
 */
try {
  const { redisUrl, dataDir } = readConfig();
  const url = redisUrl ?? (await readFile(path.join(dataDir, 'redis-url'), 'utf8').catch(() => undefined));
  if (url === undefined) throw new Error(`REDIS_URL is not set and no "npm start" runs on ${dataDir}`);
  const redis = await connect(url, failFastOptions(), () => undefined);
  const { key } = await createApiKey(redis, process.argv[2] ?? 'created by hand');
  process.stdout.write(`${key}\n`);
  redis.disconnect();
} catch (error) {
  process.stderr.write(`no key made: ${(error as Error).message}\n`);
  process.exit(1);
}
