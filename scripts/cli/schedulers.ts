/**
 * `npm run schedulers [-- --steps 30]`: every scheduler name with its solver, spacing, network calls, noise
 * and source; then every sampler with its schedules, and every schedule.
 */
import { publishedScheduler } from '../../src/checkpoints/configs/published-configs.ts';
import { endpoints } from '../../src/contract/endpoints.ts';
import { readArguments } from '../../src/process/read-arguments.ts';
import { exitWith } from '../../src/process/report-failure.ts';
import { noiseTable } from '../../src/schedulers/noise-levels/noise-table.ts';
import { findScheduler, schedulerNames } from '../../src/schedulers/registry.ts';
import { composedName, samplerNames, schedulesOf } from '../../src/schedulers/samplers.ts';
import { namedSchedules, scheduleNames } from '../../src/schedulers/schedules/named-schedules.ts';

const { values } = readArguments('schedulers', { options: { steps: { type: 'string', default: '25' } } });
const steps = Number(values.steps);
if (!Number.isInteger(steps) || steps < 1 || steps > 999)
  exitWith('schedulers', `--steps is ${values.steps}, expected a whole number from 1 to 999`);

const sdxl = noiseTable(publishedScheduler);

function callsOf({ schedule, modelCalls }: ReturnType<typeof findScheduler>): string {
  return String(modelCalls(schedule(sdxl, steps)) ?? 'adaptive');
}

function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
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
}

const calls = `calls for ${steps} steps`;
printTable(
  ['scheduler', 'endpoint', 'solver', 'spacing', calls, 'noise', 'source'],
  endpoints.flatMap((endpoint) =>
    schedulerNames(endpoint).map((name) => {
      const scheduler = findScheduler(endpoint, name);
      const { method, spacing, noise, source } = scheduler;
      return [name, endpoint, method, spacing, callsOf(scheduler), noise, source];
    }),
  ),
);
console.log();
printTable(
  ['sampler', 'solver', 'own schedule', 'others', calls, 'noise', 'source'],
  samplerNames.map((name) => {
    const [usual, ...others] = schedulesOf(name);
    const scheduler = findScheduler('sdxl-torch', composedName(name, usual!));
    const { method, noise, source } = scheduler;
    return [name, method, usual!, others.length > 0 ? 'all' : 'none', callsOf(scheduler), noise, source];
  }),
);
console.log();
printTable(
  ['schedule', 'noise levels'],
  scheduleNames.map((name) => [name, namedSchedules[name].description]),
);
