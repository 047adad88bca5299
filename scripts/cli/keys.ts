/** `npm run keys -- create | list | revoke ...`: API keys and their limits, in the Redis of the server. */
import { runKeys } from './keys/run-keys.ts';

process.exitCode = await runKeys(process.argv.slice(2));
