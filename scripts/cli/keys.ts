import { runKeys } from './keys/run-keys.ts';

process.exitCode = await runKeys(process.argv.slice(2));
