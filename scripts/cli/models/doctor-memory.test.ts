import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, test } from 'node:test';
import { writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import type { MemoryLimit } from '../../../src/installation/memory/memory-plans.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { createMachines } from './testing/gpu-machine.ts';

const machines = createMachines();
const { at, gpu, look, modelsDir } = machines;
before(() => writeTinyCheckpoints(modelsDir));
beforeEach(machines.next);
after(machines.remove);

test('too little and too little free device memory are told apart', async () => {
  gpu('1024, 1000');
  assert.match((await look({ modelsDir })).text, /warning cuda:0 has 1\.00 GiB.*: too little for them/);
  gpu('24576, 1000');
  assert.match(
    (await look({ modelsDir })).text,
    /warning cuda:0 has 24\.0 GiB, of which 1000 MiB are free: other processes/,
  );
});

test('only as many of the largest models count as stay loaded at once', async () => {
  const need = async (residentModels: number) => {
    const { text } = await look({ modelsDir, residentModels });
    return /the models need ([^:]+):.*\((.*), what they share once\)/.exec(text)?.slice(1);
  };
  const [all, one] = [await need(2), await need(1)];
  assert.notEqual(all?.[1], one?.[1]);
  assert.ok(all?.[1]?.includes(one![1]!), `${one} is one of ${all}`);
});

test('a limit lowers what a device is planned for, and one that is too low is told', async () => {
  gpu('24576, 24000');
  const limited = async (limit: MemoryLimit) => (await look({ modelsDir, limit })).text;
  assert.match(
    await limited({ share: 0.5 }),
    /ok +cuda:0 has 24\.0 GiB, .* 12\.0 GiB allowed: plan resident/,
  );
  assert.match(await limited({ bytes: 1e9 }), /warning cuda:0 .* 954 MiB allowed: too little for them/);
});

test('for every size of card the plan is told that SDXL fits in, and for 6 GB that none does', async () => {
  const { cards, text } = await look();
  const plans = cards.map(({ cardGiB, base, baseAndRefiner }) => [cardGiB, base?.plan, baseAndRefiner?.plan]);
  assert.deepEqual(plans, [
    [6, undefined, undefined],
    [8, 'tiled-vae', 'tiled-vae'],
    [10, 'text-on-cpu', 'text-on-cpu'],
    [12, 'resident', 'exchanged'],
    ...[16, 24, 32, 48, 80].map((size) => [size, 'resident', 'resident']),
  ]);
  assert.match(text, / 6 GB +too little; DEVICE=cpu/);
  assert.match(text, /12 GB +resident, 10\.\d GB +exchanged, 10\.\d GB/);
});

test('docs/operate.md sizes cards as doctor does', async () => {
  const { text } = await look();
  const told = [...text.matchAll(/^ +(\d+ GB) +(\S.*?) {2,}(\S.*)$/gm)].map((cells) => cells.slice(1));
  const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/operate.md'), 'utf8');
  const written = [...page.matchAll(/^\| (\d+ GB[^|]*) \| (.*) \| (.*) \|$/gm)].flatMap(
    ([, cards, ...plans]) =>
      cards!.split(', ').map((card) => [card, ...plans.map((plan) => plan!.replaceAll('`', ''))]),
  );
  assert.equal(told.length, 9);
  assert.deepEqual(written, told);
});

test('a model that cannot be opened is named', async () => {
  const broken = at('models');
  cpSync(modelsDir, broken, { recursive: true });
  rmSync(path.join(broken, 'tiny-base', 'vae', 'config.json'));
  assert.match((await look({ modelsDir: broken })).text, /warning .*vae.config\.json: missing/);
});
