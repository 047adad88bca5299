import { parseArgs } from 'node:util';
import { runSoak } from './soak/soak-run.ts';
import { verdictOf } from './soak/verdict.ts';

/**
 * npm run test:soak -- [--minutes 30] [--per-second 20]: steady load with pictures of a megabyte on real
 * processes, and whether anything of them grows. Ends with code 1 where it does.
 */

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    'per-second': { type: 'string', default: '20' },
  },
});
const [minutes, perSecond] = [Number(values.minutes), Number(values['per-second'])];
if (!(minutes > 0) || !(perSecond > 0)) {
  process.stderr.write('usage: npm run test:soak -- [--minutes 30] [--per-second 20]\n');
  process.exit(2);
}
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const { lines, broken } = verdictOf(await runSoak({ minutes, perSecond, say }));
for (const line of ['', ...lines]) say(line);
for (const line of broken) process.stderr.write(`broken: ${line}\n`);
say(broken.length === 0 ? `nothing grew in ${minutes} minutes` : `${broken.length} things grew or failed`);
process.exit(broken.length === 0 ? 0 : 1);
