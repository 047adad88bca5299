/**
 * `npm run test:faults -- [--quick] [--row NAME] [--times N] [--at-once N] [--save FILE]`: the fault matrix
 * against real processes. Ends non-zero where a request was lost, charged twice, answered with another
 * picture or to somebody else, or where the service took longer than its bound to recover. With `--save` each
 * trial is kept in that file, and those that are there count.
 */

import { readArguments } from '../../src/process/read-arguments.ts';
import { isBroken, timesOf } from './fault-row.ts';
import { runMatrix } from './matrix.ts';
import { rows } from './rows.ts';
import { openSavedTrials } from './saved-trials.ts';
import { summary, table } from './table.ts';

const { values } = readArguments('test:faults', {
  options: {
    quick: { type: 'boolean', default: false },
    row: { type: 'string', multiple: true },
    times: { type: 'string' },
    'at-once': { type: 'string' },
    save: { type: 'string' },
  },
});

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function countOf(option: 'times' | 'at-once'): number | undefined {
  const given = values[option];
  if (given === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(given)) fail(`--${option} ${given}: must be a whole number from 1 on`);
  return Number(given);
}

const { quick, row: names } = values;
const unknown = names?.find((name) => !rows.some((row) => row.name === name));
if (unknown !== undefined)
  fail(`--row ${unknown}: must be one of ${rows.map(({ name }) => name).join(', ')}`);

const chosen = rows.filter((row) =>
  names === undefined ? timesOf(row, quick) > 0 : names.includes(row.name),
);
const results = await runMatrix(chosen, {
  quick,
  // Three starts at once are what two cores bear.
  atOnce: countOf('at-once') ?? (quick ? 3 : 1),
  times: countOf('times') ?? (names && quick ? 1 : undefined),
  saved: openSavedTrials(values.save),
  onTrial: ({ name }, trial) => {
    process.stderr.write(`${name}: ${trial instanceof Error ? trial.stack : JSON.stringify(trial)}\n`);
  },
});
console.log(table(results));
for (const { row, remarks, errors } of results)
  for (const remark of [...remarks, ...errors]) console.log(`${row.name}: ${remark}`);
console.log(summary(results));
process.exit(results.some(isBroken) ? 1 : 0);
