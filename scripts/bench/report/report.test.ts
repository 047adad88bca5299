import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRows, differences, formatComparison } from './compare.ts';
import { matmulName, mergeRounds, type Report, type Row } from './row.ts';
import { formatTable } from './table.ts';

const product: Row = { group: 'machine', name: matmulName, unit: 'GFLOP/s', samples: [180, 200, 190] };
const step: Row = { group: 'networks', name: 'UNet', unit: 's', samples: [2, 1.5, 2.5], flops: 300e9 };

test('rounds of the same row become its samples, in the order in which rows first came', () => {
  const first = { ...step, samples: [1] };
  const second = { ...step, samples: [2] };
  assert.deepEqual(mergeRounds([[product, first], [second]]), [product, { ...step, samples: [1, 2] }]);
});

test('a row with operations shows its speed, and its share of the fastest matrix product', () => {
  const table = formatTable([product, step]);
  assert.match(table, /UNet +2\.00 {2}s +1\.50 - 2\.50 +150\.0 +75 %/);
  assert.match(table, /float32 matrix product +190 {2}GFLOP\/s +180 - 200/);
  assert.doesNotMatch(formatTable([step]), /%/);
});

test('half the time is better, half the speed worse, and what overlaps is noise', () => {
  const of = (row: Row, factor: number): Row => ({
    ...row,
    samples: row.samples.map((each) => each * factor),
  });
  const before = [product, step, { ...step, name: 'VAE' }];
  const after = [of(product, 0.5), of(step, 0.5), of({ ...step, name: 'VAE' }, 1.1)];
  assert.deepEqual(
    compareRows(before, after).map(({ name, verdict }) => [name, verdict]),
    [
      [matmulName, 'worse'],
      ['UNet', 'better'],
      ['VAE', 'within noise'],
    ],
  );
  const [first] = compareRows([step], [of(step, 0.5)]);
  assert.equal(first!.ratio, 0.5);
  assert.match(formatComparison([first!]), /networks\nUNet {4}0\.500 {2}\(0\.300 - 0\.833\) {2}better/);
});

test('rows of other operations, another unit or another name are not compared', () => {
  assert.deepEqual(compareRows([step], [{ ...step, flops: 1 }]), []);
  assert.deepEqual(compareRows([step], [{ ...step, unit: 'ms' }]), []);
  assert.deepEqual(compareRows([step], [product]), []);
});

test('what differs besides the code is told', () => {
  const machine = {
    cpu: 'a',
    cores: 2,
    memoryGigabytes: 24,
    system: 's',
    node: 'v24',
    runtime: 'r',
    load: 1,
  };
  const report: Report = { measuredAt: '', machine, settings: { side: 1024 }, rows: [] };
  const other = {
    ...report,
    machine: { ...machine, cpu: 'b', load: 3, commit: 'c' },
    settings: { side: 512 },
  };
  assert.deepEqual(differences(report, other), ['cpu was "a", is "b"', 'side was 1024, is 512']);
  assert.deepEqual(differences(report, report), []);
});
