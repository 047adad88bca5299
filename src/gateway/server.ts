import closeWithGrace from 'close-with-grace';
import { readConfig } from '../config.ts';
import { createLogger } from './logging.ts';
import { runGateway } from './run-gateway.ts';

/** The gateway process: reads the environment, serves until SIGTERM or SIGINT. */

const config = readConfig();
const logger = createLogger(config.logLevel);
if (config.redisUrl === undefined) {
  logger.fatal('REDIS_URL is not set: the gateway needs a Redis (npm start brings its own)');
  process.exit(1);
}
try {
  const gateway = await runGateway(config, config.redisUrl, logger);
  closeWithGrace({ delay: 10_000, logger }, async ({ err }) => {
    if (err) logger.fatal({ err }, 'gateway ends after an error');
    await gateway.close();
  });
  logger.info({ address: gateway.address }, 'gateway listening');
} catch (error) {
  logger.fatal({ err: error }, 'gateway could not start');
  process.exit(1);
}
