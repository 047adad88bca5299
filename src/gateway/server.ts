import closeWithGrace from 'close-with-grace';
import { exitWith, readConfigOrExit } from '../config.ts';
import { createLogger } from './logging.ts';
import { runGateway } from './run-gateway.ts';

/** The gateway process: reads the environment, serves until SIGTERM or SIGINT. */

const config = readConfigOrExit('gateway');
if (config.redisUrl === undefined)
  exitWith('gateway', 'REDIS_URL is not set: the gateway needs a Redis (npm start runs a private one)');
const logger = createLogger(config.logLevel);
try {
  const gateway = await runGateway(config, config.redisUrl, logger);
  closeWithGrace({ delay: 10_000, logger }, async ({ err }) => {
    if (err) logger.fatal({ err }, 'gateway ends after an error');
    await gateway.close();
  });
  logger.info({ address: gateway.address }, 'gateway listening');
} catch (error) {
  exitWith('gateway', error instanceof Error ? error.message : String(error));
}
