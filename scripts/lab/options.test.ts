import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { readOptions } from './options.ts';
import { findCheckpoint } from './testbeds/find-checkpoint.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'lab-options-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const read = (...argv: string[]) => readOptions(argv, {})!;

test('without flags all names run on the demo checkpoint with six numbers of steps and four seeds', () => {
  const options = read();
  assert.equal(options.checkpoint, 'demo');
  assert.equal(options.entries.length, 42);
  assert.deepEqual(options.steps, [10, 15, 20, 25, 30, 50]);
  assert.deepEqual(options.seeds, [1, 2, 3, 4]);
  assert.equal(options.prompts.length, 1);
  assert.equal(options.pageBytes, 3e6);
  assert.equal(readOptions(['--help'], {}), undefined);
});

test('steps are sorted and taken once', () => {
  assert.deepEqual(read('--steps', '30,10,30').steps, [10, 30]);
});

test('a wrong value is refused with its flag', () => {
  for (const [argv, message] of [
    [['--steps', '10,x'], /--steps: "x" in "10,x" is no whole number from 2 to 500/],
    [['--steps', '10,'], /--steps: "" in "10," is no whole number/],
    [
      ['--steps', '10', '--url', 'http://a'],
      /--steps: "10" is no whole number from 20 to 100, which is what the API takes/,
    ],
    [['--seeds', '0'], /--seeds: "0" is no whole number from 1 to 64/],
    [['--schedulers', 'Eulr'], /--schedulers: "Eulr" is no scheduler/],
    [['--prompts', '/nowhere.txt'], /--prompts: \/nowhere\.txt cannot be read/],
    [['--guidance-scale', 'much'], /--guidance-scale: "much" is no number from 1 to 25/],
    [['--page-mb', '0'], /--page-mb: "0" is no number/],
    [['--url', 'server:80'], /--url: "server:80" is no http/],
    [['--url', 'http://a', '--checkpoint', 'demo'], /--url is http:\/\/a and --checkpoint is demo/],
    [['--sheduler', 'x'], /--sheduler/],
  ] as const)
    assert.throws(() => read(...argv), message);
});

test('prompts are lines, comments and empty lines left out', () => {
  const file = path.join(directory, 'prompts.txt');
  writeFileSync(file, '# two\n\n a red fox \na blue star\n');
  assert.deepEqual(read('--prompts', file).prompts, ['a red fox', 'a blue star']);
  writeFileSync(file, '# none\n');
  assert.throws(() => read('--prompts', file), /prompts\.txt holds no prompt/);
});

test('an address may end in the version or not; the key may stand in the environment', () => {
  for (const url of ['http://host:8080', 'http://host:8080/', 'http://host:8080/v1', 'http://host:8080/v1/'])
    assert.equal(read('--url', url, '--steps', '20').url, 'http://host:8080');
  const argv = ['--url', 'http://a', '--steps', '20'];
  assert.equal(readOptions(argv, { LAB_API_KEY: 'SG_1' })!.key, 'SG_1');
});

test('a checkpoint that is not there is named with what could be', async () => {
  const find = (value: string, modelsDir?: string) =>
    findCheckpoint(value, { modelsDir, dataDir: directory });
  await assert.rejects(find('juggernaut'), /--checkpoint: "juggernaut" is no folder or file, and MODELS_DIR/);
  await assert.rejects(find(directory), /no checkpoint found/);
  const tiny = await find('tiny');
  assert.equal(tiny.name, 'tiny');
  assert.equal((await find('tiny')).identity, tiny.identity);
  const models = path.join(directory, 'tiny-checkpoints');
  await assert.rejects(
    find('other', models),
    /--checkpoint: "other" is neither a folder nor a model of .*tiny-base/,
  );
  assert.equal((await find('tiny-base', models)).identity, tiny.identity);
  await assert.rejects(find(models), /has no model that serves sdxl-base, but tiny-base, tiny-refiner/);
});

test('samplers are put on schedules, three of them unless said, and pairs that mean nothing are left out', () => {
  const names = (...argv: string[]) => readOptions(argv, {})!.entries.map(({ name }) => name);
  assert.deepEqual(names('--samplers', 'euler,deis', '--schedules', 'karras,beta'), [
    'euler karras',
    'euler beta',
    'deis karras',
    'deis beta',
  ]);
  assert.deepEqual(names('--samplers', 'res_multistep,restart'), [
    'res_multistep normal',
    'res_multistep karras',
    'res_multistep exponential',
    'restart karras',
  ]);
  assert.ok(names('--samplers', 'all', '--schedules', 'all').length > 300);
});

test('samplers that are none, or that do not go with other flags, are refused by flag and value', () => {
  for (const [argv, message] of [
    [['--samplers', 'euler b'], /--samplers: "euler b" is none; it must be all or of euler, /],
    [['--schedules', 'linear'], /--schedules: "linear" is none; it must be all or of normal, /],
    [['--samplers', 'restart', '--schedules', 'beta'], /none of them goes with another/],
    [
      ['--samplers', 'euler', '--schedulers', 'UniPC'],
      /--samplers and --schedulers UniPC exclude each other/,
    ],
    [['--samplers', 'euler', '--url', 'http://127.0.0.1:1'], /--samplers is computed here alone/],
  ] as const)
    assert.throws(() => readOptions(argv, {}), message);
});
