import closeWithGrace from 'close-with-grace';
import { readConfigOrExit } from '../config/config.ts';
import { redisPaths, requirePaths } from '../config/require-paths.ts';
import { redisAddressOf } from '../jobs/redis/redis-address.ts';
import { endWithNpm } from '../process/end-with-npm.ts';
import { ownCommand } from '../process/own-command.ts';
import { exitWith } from '../process/report-failure.ts';
import { createLogger } from './http/logging.ts';
import { runGateway } from './run-gateway.ts';

/** What `node src/gateway/server.ts` is: reads the environment, serves until SIGTERM or SIGINT. */
export async function gatewayProcess(): Promise<void> {
  const config = readConfigOrExit('gateway');
  const redisAddress = redisAddressOf(config);
  if (redisAddress === undefined)
    exitWith(
      'gateway',
      `REDIS_URL is not set: the gateway needs a Redis (${ownCommand('start')} runs a private one)`,
    );
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
}
