import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from '../options.ts';
import { createTestLab } from '../testing/lab.ts';
import { buildReport } from './report.ts';
import { errorAt, savers } from './savers.ts';

test('the error between two measured runs lies on the line through them on log axes', () => {
  const points = [
    { calls: 20, error: 1e-2 },
    { calls: 5, error: 1 },
    { calls: 10, error: 0.1 },
  ];
  assert.equal(errorAt(points, 10), 0.1);
  assert.ok(Math.abs(errorAt(points, Math.sqrt(50))! - Math.sqrt(0.1)) < 1e-12);
  assert.equal(errorAt(points, 4), undefined);
  assert.equal(errorAt(points, 21), undefined);
});

test('a cached row is computed, counts its computed calls alone, and is held to honest steps of as many', async () => {
  const lab = createTestLab();
  try {
    const argv = '--checkpoint none --samplers unipc,heun --schedules karras --steps 16,18,30 --seeds 1';
    const given = [...argv.split(' '), '--caches', 'spectrum:window=2,ucache:threshold=0.3'];
    const options = readOptions([...given, '--out', lab.dataDir], {})!;
    assert.deepEqual(
      options.entries.map(({ name }) => name),
      [
        'unipc karras',
        'unipc karras + spectrum:window=2',
        'unipc karras + ucache:threshold=0.3',
        'heun karras',
      ],
    );
    const results = await lab.run(options);
    const report = buildReport(options, results, new Date());
    const point = (name: string, steps: number) =>
      report.points.find((each) => each.entry === `sdxl-torch/${name}` && each.steps === steps)!;
    // 4 to warm up, every second of 22, the last 3 (0.9 of 30 is 27).
    assert.equal(point('unipc karras + spectrum:window=2', 30).calls, 18);
    assert.ok(point('unipc karras + ucache:threshold=0.3', 30).calls! < 30);
    const [told, second] = savers(report, report.testbeds[0]!);
    assert.match(
      told!,
      /^Spectrum:window=2: [012] of [12] runs are closer to the exact solution than honest steps/,
    );
    const cached = point('unipc karras + spectrum:window=2', 30).error!;
    const honest = point('unipc karras', 18).error!;
    assert.ok(told!.includes(`18 calls so and have an error of`), told);
    assert.ok(told!.includes(cached < honest ? 'better than honest' : 'worse than honest'), told);
    assert.match(second!, /^Ucache:threshold=0\.3: /);
  } finally {
    lab.close();
  }
});

test('variations that are none are refused by flag, value and what there is', () => {
  for (const [flag, value, message] of [
    ['--caches', 'teacache', /--caches: "teacache" is none; it must be of ucache, spectrum/],
    ['--caches', 'ucache:w=1', /--caches: "w=1" is no parameter of ucache; it has threshold, start/],
    ['--guidance-intervals', '0.7-0.1', /--guidance-intervals: "0\.7-0\.1" is no interval such as 0\.1-0\.7/],
  ] as const)
    assert.throws(() => readOptions([flag, value], {}), { message });
  assert.throws(() => readOptions(['--url', 'http://x', '--caches', 'ucache'], {}), /computed here alone/);
});
