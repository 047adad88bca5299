import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../../src/config/config.ts';
import { loadModels } from '../../src/installation/load-models.ts';
import { createEmbeddingCache } from '../../src/pipelines/conditioning/embedding-cache.ts';
import type { Picture } from '../../src/pipelines/sampling/sampling.ts';
import { createStopwatch } from '../../src/pipelines/stopwatch.ts';
import { textToImage } from '../../src/pipelines/text-to-image.ts';
import { chooseEntries } from './entries.ts';
import { csvOf } from './report/csv.ts';
import { buildReport } from './report/report.ts';
import { findings } from './report/summary.ts';
import { checkpointTestbed } from './testbeds/checkpoint-testbed.ts';
import type { Engine } from './testbeds/engine.ts';
import { openStore } from './testbeds/store.ts';
import { createTestLab } from './testing/lab.ts';

const lab = createTestLab();
after(() => lab.close());
const created = new Date('2026-01-01T00:00:00Z');

test('a lab that was stopped goes on where it stopped, and a finished one computes nothing again', async () => {
  const stop = new AbortController();
  const stopped = lab.run({}, stop.signal);
  const journal = path.join(lab.options.out, 'cells/journal.jsonl');
  while (!existsSync(journal) || lab.journal().length < 5) await sleep(5);
  stop.abort();
  await assert.rejects(stopped, { name: 'AbortError' });
  const before = lab.journal();
  await lab.run();
  const whole = lab.journal();
  assert.ok(before.length < whole.length);
  assert.deepEqual(whole.slice(0, before.length), before);
  assert.equal(new Set(whole).size, whole.length);
  await lab.run();
  assert.deepEqual(lab.journal(), whole);
  // More of anything adds only what is new: a seed's four cells on the mixture, four pictures, and three
  // references, each with its flow.
  await lab.run({ steps: [4], seeds: [1, 2, 3] });
  const more = lab.journal();
  assert.deepEqual(more.slice(0, whole.length), whole);
  assert.equal(more.length - whole.length, 4 + 4 + 2 * 3);
});

test('the latents of a run are those of the pipeline that serves requests, to the bit', async () => {
  const { cells, store } = await lab.run();
  const tiny = path.join(lab.dataDir, 'tiny-checkpoints/tiny-base');
  const models = await loadModels(tiny, { device: 'cpu', threads: 1 });
  const { options } = lab;
  const { promptEmphasis, promptMaxChunks } = readConfig({});
  const walk = textToImage(models, undefined, {
    prompt: options.prompts[0]!,
    negativePrompt: '',
    style: 'base',
    scheduler: 'UniPC',
    steps: 6,
    guidanceScale: options.guidanceScale,
    highNoiseFraction: 1,
    height: options.size,
    width: options.size,
    seed: 2,
    samples: 1,
    batch: 1,
    rng: 'philox',
    emphasis: promptEmphasis,
    maxChunks: promptMaxChunks,
    cache: createEmbeddingCache(1e6),
    stopwatch: createStopwatch(),
  });
  let next = await walk.next();
  while (next.done !== true) next = await walk.next();
  const [picture] = next.value as Picture[];
  const cell = cells.find(
    (each) =>
      each.testbed === 'checkpoint' &&
      each.entry === 'sdxl-torch/UniPC' &&
      each.steps === 6 &&
      each.seed === 2 &&
      each.prompt === 0,
  )!;
  assert.deepEqual(store.latents(cell.key), picture!.latents);
});

test('every name that was asked for has a row of numbers, an alias those of its original', async () => {
  const results = await lab.run();
  const report = buildReport(lab.options, results, created);
  assert.equal(report.points.length, 5 * 3 * 2);
  const point = (entry: string, testbed: string, steps: number) =>
    report.points.find((each) => each.entry === entry && each.testbed === testbed && each.steps === steps)!;
  const { entry: _, ...original } = point('sdxl-torch/UniPC', 'checkpoint', 8);
  const { entry: __, ...alias } = point('sdxl-img2img/UniPC', 'checkpoint', 8);
  assert.deepEqual(alias, original);
  assert.equal(original.runs, 2);
  assert.equal(original.calls, 8);
  assert.ok(original.error! > 0 && original.imageError! > 0 && original.distance! > 0);
  const { totalMs, modelMs, arithmeticMs, noiseMs } = original;
  assert.ok(modelMs! > 0 && arithmeticMs! > 0 && noiseMs === 0 && modelMs! < totalMs!);
  const ancestral = point('sdxl-img2img/Euler a', 'checkpoint', 8);
  assert.equal(ancestral.error, null);
  assert.ok(ancestral.distance! > 0 && ancestral.noiseMs! > 0);
  // On the mixture, where the answer is exact, more steps are closer to it.
  for (const entry of ['sdxl-torch/Euler', 'sdxl-torch/UniPC', 'sdxl-img2img/DPM++ 2M Karras']) {
    const errors = [4, 6, 8].map((steps) => point(entry, 'mixture', steps).error!);
    assert.ok(errors[0]! > errors[1]! && errors[1]! > errors[2]!, `${entry}: ${errors}`);
  }
});

test('the CSV has a line for each point, with what was not measured empty', async () => {
  const report = buildReport(lab.options, await lab.run(), created);
  const lines = csvOf(report).split('\r\n').slice(0, -1);
  assert.equal(lines.length, 1 + report.points.length);
  const columns = lines[0]!.split(',');
  assert.ok(lines.every((line) => line.replaceAll(/"[^"]*"/g, '').split(',').length === columns.length));
  const row = lines.find((line) => line.startsWith('checkpoint,sdxl-img2img,Euler a,'))!.split(',');
  assert.equal(row[columns.indexOf('latent_rmse')], '');
  assert.equal(row[columns.indexOf('order_theory')], '1');
  const alias = lines.find((line) => line.startsWith('mixture,sdxl-img2img,UniPC,'))!;
  assert.match(alias, /"checkpoint, N \+ 1"/);
  assert.match(alias, /,sdxl-torch\/UniPC,/);
});

test('runs that give NaN are counted and told, and have no picture', async () => {
  const length = 4 * 8 * 8;
  const { noise } = (await lab.run()).pictures!.engine!;
  const engine: Engine = {
    noise,
    length,
    channels: 4,
    denoiser:
      async () =>
      async (latents, { sigma }) =>
        latents.map((value) => (sigma < 1 ? Number.NaN : value / (1 + sigma))),
    decode: async () => assert.fail('nothing that is not finite is decoded'),
  };
  const entries = chooseEntries('DPM Multi');
  const options = { ...lab.options, entries, steps: [4], seeds: [1], prompts: ['x'] };
  const store = openStore(path.join(lab.dataDir, 'nan'));
  const testbed = checkpointTestbed(engine, { ...options, tolerance: 0.01, decides: { fake: 'nan' } }, store);
  const cells = [];
  for await (const { cell } of testbed.cells(new AbortController().signal)) cells.push(cell);
  assert.deepEqual(
    cells.map(({ finite, hasPicture, error }) => ({ finite, hasPicture, error })),
    [{ finite: false, hasPicture: false, error: null }],
  );
  const results = await lab.run({ entries });
  const report = buildReport(options, { ...results, cells }, created);
  assert.equal(report.points.find(({ testbed: id }) => id === 'checkpoint')!.nanRate, 1);
  assert.ok(
    findings(report).some(({ sentences }) =>
      sentences.includes('NaN or infinity came out of runs of DPM Multi.'),
    ),
  );
});

test('Ctrl-C on the command stops it with what was done kept', async () => {
  const out = path.join(lab.dataDir, 'interrupted');
  const script = path.resolve(import.meta.dirname, 'lab.ts');
  const child = spawn(process.execPath, [script, '--checkpoint', 'none', '--out', out], {
    env: { ...process.env, DATA_DIR: lab.dataDir },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const ended = once(child, 'exit');
  const journal = path.join(out, 'cells/journal.jsonl');
  while (child.exitCode === null && !existsSync(journal)) await sleep(20);
  child.kill('SIGINT');
  assert.deepEqual(await ended, [130, null]);
  assert.match(said, /stopped; what is done is kept in .*interrupted: the same command goes on from there/);
  assert.ok(readFileSync(journal, 'utf8').endsWith('\n'));
  assert.equal(existsSync(path.join(out, 'report.html')), false);
});
