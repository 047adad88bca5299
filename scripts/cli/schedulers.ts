/**
 * `npm run schedulers [-- --steps 30]`: every scheduler name with its solver, spacing, network calls, noise
 * and source.
 */
import { parseArgs } from 'node:util';
import { publishedScheduler } from '../../src/checkpoints/configs/published-configs.ts';
import { endpoints } from '../../src/contract/endpoints.ts';
import { noiseTable } from '../../src/schedulers/noise-levels.ts';
import { findScheduler, schedulerNames } from '../../src/schedulers/registry.ts';

const { values } = parseArgs({ options: { steps: { type: 'string', default: '25' } } });
const steps = Number(values.steps);
if (!Number.isInteger(steps) || steps < 1 || steps > 999)
  throw new Error(`--steps is ${values.steps}, expected a whole number from 1 to 999`);

const sdxl = noiseTable(publishedScheduler);
const header = ['name', 'endpoint', 'solver', 'spacing', `calls for ${steps} steps`, 'noise', 'source'];
const rows = endpoints.flatMap((endpoint) =>
  schedulerNames(endpoint).map((name) => {
    const { method, spacing, noise, source, schedule, modelCalls } = findScheduler(endpoint, name);
    const calls = modelCalls(schedule(sdxl, steps));
    return [name, endpoint, method, spacing, calls === undefined ? 'adaptive' : String(calls), noise, source];
  }),
);
const widths = header.map((title, column) =>
  Math.max(title.length, ...rows.map((row) => row[column]!.length)),
);
for (const row of [header, widths.map((width) => '-'.repeat(width)), ...rows])
  console.log(
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
