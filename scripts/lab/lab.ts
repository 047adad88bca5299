/** `npm run lab`: compares the schedulers on an exact problem and on a checkpoint, and writes a report. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { readConfig } from '../../src/config/config.ts';
import { reportFailure } from '../../src/process/report-failure.ts';
import { makeFolder, requireWritable } from '../../src/process/usable-path.ts';
import { type LabOptions, readOptions, usage } from './options.ts';
import { pageOf } from './page/page.ts';
import { pagePictures } from './page/page-pictures.ts';
import { csvOf } from './report/csv.ts';
import { buildReport } from './report/report.ts';
import { findings } from './report/summary.ts';
import { runLab } from './run-lab.ts';

async function makeReport(options: LabOptions, signal: AbortSignal): Promise<void> {
  const results = await runLab(options, readConfig(), signal);
  const report = buildReport(options, results, new Date());
  const withoutPictures = Buffer.byteLength(pageOf(report, { side: 0, files: [], index: {} }));
  const page = pageOf(report, await pagePictures(options, results, options.pageBytes - withoutPictures));
  const write = (name: string, text: string) => {
    writeFileSync(path.join(options.out, name), text);
    console.log(`${path.join(options.out, name)}  ${(Buffer.byteLength(text) / 1e6).toFixed(2)} MB`);
  };
  for (const { heading, sentences } of findings(report))
    console.log(`\n${heading}\n${sentences.map((sentence) => `  ${sentence}`).join('\n')}`);
  console.log();
  write('report.json', `${JSON.stringify({ ...report, findings: findings(report) }, null, 1)}\n`);
  write('report.csv', csvOf(report));
  write('report.html', page);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) {
    console.log(usage);
    return;
  }
  makeFolder('--out', options.out);
  for (const name of ['report.json', 'report.csv', 'report.html'])
    requireWritable('--out', path.join(options.out, name));
  const interrupt = new AbortController();
  // Once: a second one ends the process at once.
  process.once('SIGINT', () => interrupt.abort());
  try {
    await makeReport(options, interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    console.error(`\nstopped; what is done is kept in ${options.out}: the same command goes on from there`);
    process.exitCode = 130;
  }
}

await main().catch(reportFailure);
