import { readArguments } from '../../src/process/read-arguments.ts';
import { soakKinds } from './soak/soak-kinds.ts';
import { runSoak } from './soak/soak-run.ts';
import { verdictOf } from './soak/verdict.ts';

/**
 * npm run test:soak -- [--minutes 30] [--per-second 20] [--engine fake|real] [--pictures 0]: steady load on
 * real processes, with pictures of a megabyte or, with `--engine real`, those of the demo checkpoint, and
 * whether anything of them grows. It lasts that many minutes and until so many pictures were made. Ends with
 * code 1 where something grows.
 */

const { values } = readArguments('test:soak', {
  options: {
    minutes: { type: 'string', default: '30' },
    'per-second': { type: 'string', default: '20' },
    engine: { type: 'string', default: 'fake' },
    pictures: { type: 'string', default: '0' },
  },
});
const [minutes, perSecond] = [Number(values.minutes), Number(values['per-second'])];
const pictures = Number(values.pictures);
const kind = Object.entries(soakKinds).find(([name]) => name === values.engine)?.[1];
if (!(minutes > 0) || !(perSecond > 0) || !(pictures >= 0) || kind === undefined) {
  process.stderr.write(
    'usage: npm run test:soak -- [--minutes 30] [--per-second 20] [--engine fake|real] [--pictures 0]\n',
  );
  process.exit(2);
}
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const result = await runSoak({ kind, minutes, pictures, perSecond, say });
const { lines, broken } = verdictOf(result);
for (const line of ['', ...lines]) say(line);
for (const line of broken) process.stderr.write(`broken: ${line}\n`);
const lasted = `${result.samples.at(-1)!.minutes.toFixed(1)} minutes, ${result.ended} pictures`;
say(
  broken.length === 0 ? `nothing grew in ${lasted}` : `${broken.length} things grew or failed in ${lasted}`,
);
process.exit(broken.length === 0 ? 0 : 1);
