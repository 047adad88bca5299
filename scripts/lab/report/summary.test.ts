import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allEntries, labelOf } from '../entries.ts';
import { theoreticalOrder } from '../measures/theory.ts';
import type { Report } from './report.ts';
import { findings } from './summary.ts';
import { list, percent, short } from './words.ts';

type Errors = Readonly<Record<string, (steps: number) => number>>;

/** A report of a checkpoint where each name's error is a given function of its steps, one model call each. */
function reportOf(
  errors: Errors,
  { distances = {}, shares = {} }: { distances?: Errors; shares?: Errors } = {},
): Report {
  const steps = [10, 20, 25, 50];
  const ids = new Set([...Object.keys(errors), ...Object.keys(distances)]);
  const entries = allEntries().filter(({ id }) => ids.has(id));
  return {
    created: '2026-01-01T00:00:00.000Z',
    settings: {
      pictures: 'demo',
      steps,
      seeds: [1],
      prompts: ['x'],
      guidanceScale: 7.5,
      size: 1024,
      accuracy: { points: 16, tolerance: 1e-4 },
    },
    machine: { cpu: 'c', cores: 2, node: 'v24', runtime: 'r', device: 'cpu' },
    testbeds: [
      { id: 'checkpoint', name: 'checkpoint demo', errorOf: 'error', uncertainty: 1e-5, floor: 0.1 },
    ],
    entries: entries.map(({ id, endpoint, name, computedAs, scheduler }) => ({
      id,
      endpoint,
      name,
      label: labelOf({ endpoint, name }),
      method: scheduler.method,
      spacing: scheduler.spacing,
      noise: scheduler.noise,
      source: scheduler.source,
      deterministic: scheduler.noise === 'none',
      computedAs: ids.has(computedAs) ? computedAs : id,
      order: {
        theory: theoreticalOrder(scheduler) ?? null,
        measured: theoreticalOrder(scheduler) ?? null,
        kind: 'flow',
        steps: [100, 200],
        errors: [1, 0.5],
      },
    })),
    points: entries.flatMap(({ id }) =>
      steps.map((count) => ({
        testbed: 'checkpoint' as const,
        entry: id,
        steps: count,
        runs: 1,
        calls: count,
        totalMs: 100 * count,
        modelMs: 100 * count * (1 - (shares[id]?.(count) ?? 0)),
        arithmeticMs: 100 * count * (shares[id]?.(count) ?? 0),
        noiseMs: 0,
        error: errors[id]?.(count) ?? null,
        imageError: null,
        distance: distances[id]?.(count) ?? null,
        nanRate: 0,
      })),
    ),
    slopes: [],
  };
}

const said = (report: Report) => findings(report).flatMap(({ sentences }) => sentences);

test('how soon the others reach the error of the most Euler steps is read between the measured points', () => {
  const sentences = said(
    reportOf({
      'sdxl-torch/Euler': (n) => 1 / n,
      // 4 / n^2 = 1 / 50 at n = sqrt(200) = 14.14.
      'sdxl-torch/DPM Multi': (n) => 4 / n ** 2,
      'sdxl-torch/UniPC': (n) => 0.1 / n,
      'sdxl-torch/DDIM': (n) => 2 / n,
    }),
  );
  assert.ok(
    sentences.includes(
      'The error of 50 Euler (sdxl-torch) steps (0.02) is reached by UniPC (sdxl-torch) already in its smallest run, 10 model calls and DPM Multi in 15 model calls.',
    ),
    sentences.join('\n'),
  );
  assert.ok(sentences.includes('DDIM (sdxl-torch) does not reach it with 50 steps.'));
  assert.ok(
    sentences.includes(
      "UniPC, the default of both endpoints, has an error of 0.004 with 25 steps, 10 times less than Euler's.",
    ),
  );
});

test('the best of each budget and the Pareto front are named', () => {
  const sentences = said(
    reportOf({
      'sdxl-torch/Euler': (n) => (n === 10 ? 0.01 : 0.5 / n),
      'sdxl-torch/LMS': (n) => 20 / n ** 2,
    }),
  );
  assert.ok(
    sentences.includes(
      'By model calls, the closest to the converged solution: Euler (sdxl-torch) with at most 20 (0.01) and LMS (sdxl-torch) with at most 50 (0.008).',
    ),
    sentences.join('\n'),
  );
  assert.ok(
    sentences.some((sentence) =>
      /^For its time nothing is more exact than Euler \(sdxl-torch\) and LMS \(sdxl-torch\): they make up the Pareto front, from Euler \(sdxl-torch\) with 10 steps to LMS \(sdxl-torch\) with 50\.$/.test(
        sentence,
      ),
    ),
  );
});

test('stochastic names are told by their distribution, and how many chance would explain', () => {
  const sentences = said(
    reportOf(
      {},
      {
        distances: {
          'sdxl-torch/Euler a': () => 0.3,
          'sdxl-torch/DDPM': () => 0.105,
          'sdxl-img2img/Restart': () => 0.05,
        },
      },
    ),
  );
  assert.ok(
    sentences.includes(
      'Of the stochastic names with 25 steps, Restart is closest to the right distribution (distance 0.05), Euler a (sdxl-torch) farthest (0.3); 2 of 3 cannot be told from chance (0.1).',
    ),
    sentences.join('\n'),
  );
});

test('the share of the solvers, orders that differ from theory and runs with NaN are told', () => {
  const errors = { 'sdxl-torch/Euler': () => 1, 'sdxl-torch/Heun': () => 1 };
  const report = reportOf(errors, {
    shares: { 'sdxl-torch/Euler': () => 0.01, 'sdxl-torch/Heun': () => 0.12 },
  });
  assert.ok(said(report).some((sentence) => /at most 12 % \(Heun \(sdxl-torch\)\)/.test(sentence)));
  assert.ok(said(report).includes('None of 8 runs gave NaN or infinity.'));
  assert.ok(
    said(report).some((sentence) => /^All 2 solvers with an order have the one theory gives/.test(sentence)),
  );
  const off = {
    ...report,
    entries: report.entries.map((entry) =>
      entry.name === 'Heun' ? { ...entry, order: { ...entry.order, measured: 1.4 } } : entry,
    ),
    points: report.points.map((point, i) => (i === 0 ? { ...point, nanRate: 1 } : point)),
  };
  assert.ok(
    said(off).includes(
      '1 of 2 solvers have the order theory gives them; Heun (sdxl-torch) has 1.40 instead of 2.',
    ),
  );
  assert.ok(said(off).some((sentence) => /^NaN or infinity came out of runs of /.test(sentence)));
});

test('numbers are written with the digits they are worth', () => {
  assert.deepEqual([short(0.01234), short(12.6), short(0.00001234)], ['0.012', '13', '1.2e-5']);
  assert.deepEqual([percent(0.0123), percent(0.5)], ['1.2 %', '50 %']);
  assert.equal(list(['a', 'b', 'c']), 'a, b and c');
});
