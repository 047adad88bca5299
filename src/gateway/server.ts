import closeWithGrace from 'close-with-grace';
import { type Config, ConfigError, readConfig } from '../config.ts';
import { createLogger } from './logging.ts';
import { runGateway } from './run-gateway.ts';

/** The gateway process: reads the environment, serves until SIGTERM or SIGINT. */

const config = readOrExit();
if (config.redisUrl === undefined)
  fail('REDIS_URL is not set: the gateway needs a Redis (npm start runs a private one)');
const logger = createLogger(config.logLevel);
try {
  const gateway = await runGateway(config, config.redisUrl, logger);
  closeWithGrace({ delay: 10_000, logger }, async ({ err }) => {
    if (err) logger.fatal({ err }, 'gateway ends after an error');
    await gateway.close();
  });
  logger.info({ address: gateway.address }, 'gateway listening');
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}

function readOrExit(): Config {
  try {
    return readConfig();
  } catch (error) {
    if (error instanceof ConfigError) fail(error.message);
    throw error;
  }
}

function fail(message: string): never {
  process.stderr.write(`gateway: ${message}\n`);
  process.exit(1);
}
