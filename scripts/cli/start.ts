/** `npm start`: Redis, gateway and one worker as children of this process. */
import { moduleFile } from '../../src/process/module-file.ts';
import { exitWith } from '../../src/process/report-failure.ts';
import { startProcess } from './start/start-process.ts';

const [argument] = process.argv.slice(2);
if (argument !== undefined)
  exitWith(
    'start',
    `there are no arguments, got ${JSON.stringify(argument)}: settings are environment variables such as PORT=9000 ` +
      '(docs/configuration.md)',
  );

await startProcess([moduleFile(import.meta.url, '../../workers/worker.ts')]);
