import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publishedScheduler } from '../../../src/checkpoints/configs/published-configs.ts';
import { noiseTable } from '../../../src/schedulers/noise-levels/noise-table.ts';
import { allEntries, chooseEntries, labelOf } from '../entries.ts';
import { problemOf } from '../exact/reference.ts';
import { orderTolerance } from '../report/summary.ts';
import { solverOrder } from './orders.ts';

test('all is 42 names; those with the same solver and schedule are computed once', () => {
  const entries = allEntries();
  assert.equal(entries.length, 42);
  assert.equal(new Set(entries.map(({ id }) => id)).size, 42);
  assert.deepEqual(
    entries.filter(({ id, computedAs }) => id !== computedAs).map(({ id, computedAs }) => [id, computedAs]),
    [['sdxl-img2img/UniPC', 'sdxl-torch/UniPC']],
  );
});

test('a name without endpoint means both; an alias without its original is computed itself', () => {
  assert.deepEqual(
    chooseEntries('Euler, sdxl-img2img/UniPC').map(({ id, computedAs }) => [id, computedAs]),
    [
      ['sdxl-torch/Euler', 'sdxl-torch/Euler'],
      ['sdxl-img2img/Euler', 'sdxl-img2img/Euler'],
      ['sdxl-img2img/UniPC', 'sdxl-img2img/UniPC'],
    ],
  );
  assert.throws(
    () => chooseEntries('Euler,euler b'),
    /--schedulers: "euler b" is no scheduler; .*DPM adaptive/,
  );
  assert.equal(labelOf({ name: 'Euler', endpoint: 'sdxl-torch' }), 'Euler (sdxl-torch)');
  assert.equal(labelOf({ name: 'DPM Multi', endpoint: 'sdxl-torch' }), 'DPM Multi');
});

const seen = new Set<unknown>();
for (const entry of allEntries()) {
  const { scheduler } = entry;
  if (seen.has(scheduler.solver)) continue;
  seen.add(scheduler.solver);
  test(`the measured order of ${scheduler.method} (${entry.id}) agrees with theory`, async () => {
    const { theory, measured } = await solverOrder(entry);
    if (scheduler.method === 'DPM-Solver-23 adaptive') {
      assert.deepEqual([theory, measured], [null, null]);
      return;
    }
    assert.ok(Math.abs(measured! - theory!) <= orderTolerance, `order ${measured}, theory ${theory}`);
  });
}

test('names that solve the same flow from the same start have one reference, others their own', () => {
  const sdxl = noiseTable(publishedScheduler);
  const problem = (id: string, steps: number) =>
    problemOf(chooseEntries(id)[0]!.scheduler.schedule(sdxl, steps));
  assert.deepEqual(problem('DPM++ 2M', 10), problem('LMS Karras', 50));
  assert.deepEqual(problem('sdxl-torch/Euler', 25), problem('sdxl-torch/LMS', 25));
  assert.notDeepEqual(problem('sdxl-torch/Euler', 25), problem('sdxl-torch/Euler', 50));
  assert.notDeepEqual(problem('sdxl-torch/Euler', 25), problem('sdxl-torch/DDIM', 25));
  assert.equal(problem('sdxl-torch/DDIM', 25).to, 0.029168);
});
