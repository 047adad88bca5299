/**
 * `npm run test:faults -- [--quick] [--row NAME]`: the fault matrix against real processes. Ends non-zero
 * where a request was lost, charged twice, answered with another picture or to somebody else, or where the
 * service took longer than its bound to recover.
 */
import { parseArgs } from 'node:util';
import { isBroken, type RowResult, runRow } from './fault-row.ts';
import { rows } from './rows.ts';
import { summary, table } from './table.ts';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, row: { type: 'string', multiple: true } },
});
const { quick, row: names } = values;
const unknown = names?.find((name) => !rows.some((row) => row.name === name));
if (unknown !== undefined) {
  process.stderr.write(`--row ${unknown}: must be one of ${rows.map(({ name }) => name).join(', ')}\n`);
  process.exit(1);
}

const results: RowResult[] = [];
for (const row of rows) {
  if (names !== undefined ? !names.includes(row.name) : (quick ? row.times.quick : row.times.full) === 0)
    continue;
  const result = await runRow(row, quick, (trial) => {
    process.stderr.write(`${row.name}: ${trial instanceof Error ? trial.stack : JSON.stringify(trial)}\n`);
  });
  results.push(result);
}
console.log(table(results));
for (const { row, remarks } of results) for (const remark of remarks) console.log(`${row.name}: ${remark}`);
console.log(summary(results));
process.exitCode = results.some(isBroken) ? 1 : 0;
