import { readConfigOrExit } from '../src/config/config.ts';
import { readHealth } from './supervisor/health/health-file.ts';

/**
 * `node workers/health.ts [alive | ready]`: exit code 0 where the worker that writes HEALTH_FILE is so (ready
 * where not said).
 */
const { healthFile } = readConfigOrExit('health');
const [what = 'ready'] = process.argv.slice(2);
if (healthFile === undefined || (what !== 'alive' && what !== 'ready')) {
  process.stderr.write('usage: HEALTH_FILE=<file of the worker> node workers/health.ts [alive | ready]\n');
  process.exit(2);
}
const { ok, line } = readHealth(healthFile, what);
process.stdout.write(`${line}\n`);
process.exit(ok ? 0 : 1);
