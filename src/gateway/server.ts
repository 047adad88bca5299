import { setFlagsFromString } from 'node:v8';
import closeWithGrace from 'close-with-grace';
import { readConfigOrExit } from '../config/config.ts';
import { redisPaths, requirePaths } from '../config/require-paths.ts';
import { redisAddressOf } from '../jobs/redis/redis-address.ts';
import { endWithNpm } from '../process/end-with-npm.ts';
import { exitWith } from '../process/report-failure.ts';
import { createLogger } from './http/logging.ts';
import { runGateway } from './run-gateway.ts';

/** The gateway process: reads the environment, serves until SIGTERM or SIGINT. */

// Pictures pass through as buffers outside V8's heap. By default every 20 MB or so of them start a full
// collection of a heap that holds two vocabularies, and requests wait for it: 20 collections in 650 pictures
// of 300 kB, 2 with the flag.
setFlagsFromString('--external-memory-accounted-in-global-limit');

const config = readConfigOrExit('gateway');
const redisAddress = redisAddressOf(config);
if (redisAddress === undefined)
  exitWith('gateway', 'REDIS_URL is not set: the gateway needs a Redis (npm start runs a private one)');
const logger = createLogger(config.logLevel);
try {
  requirePaths(config, ['contentDenyList', ...redisPaths]);
} catch (error) {
  exitWith('gateway', error);
}
endWithNpm(['gateway']);
try {
  const gateway = await runGateway(config, redisAddress, logger);
  closeWithGrace({ delay: 10_000, logger }, async ({ err }) => {
    if (err) logger.fatal({ err }, 'gateway ends after an error');
    await gateway.close();
  });
} catch (error) {
  exitWith('gateway', error);
}
