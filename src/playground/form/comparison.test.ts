import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryEntry } from '../history/history-entry.ts';
import { gridOf, parseSteps, submissionsOf } from './comparison.ts';

const plan = {
  slug: 'sdxl-torch',
  body: { prompt: 'a star', samples: 4, scheduler: 'LMS' },
  seed: 5,
  schedulers: ['UniPC', 'Euler'],
  steps: [20, 50],
} as const;

test('a comparison is one request of one picture for each scheduler and number of steps, all of one seed', () => {
  const bodies = submissionsOf(plan, 'c').map(({ body }) => body);
  const rest = { prompt: 'a star', samples: 1, seed: 5 };
  assert.deepEqual(bodies, [
    { ...rest, scheduler: 'UniPC', num_inference_steps: 20 },
    { ...rest, scheduler: 'UniPC', num_inference_steps: 50 },
    { ...rest, scheduler: 'Euler', num_inference_steps: 20 },
    { ...rest, scheduler: 'Euler', num_inference_steps: 50 },
  ]);
});

test('its grid has schedulers in the order they were sent and steps in ascending order', () => {
  const sent = submissionsOf({ ...plan, steps: [50, 20] }, 'c').map(
    ({ slug, body, comparison }, index): HistoryEntry => ({
      ...{ slug, body, comparison: comparison!, id: String(index), createdAt: index, status: 'QUEUED' },
    }),
  );
  const grid = gridOf(sent.toReversed());
  assert.deepEqual(
    [grid.schedulers, grid.steps],
    [
      ['UniPC', 'Euler'],
      [20, 50],
    ],
  );
  assert.equal(grid.cell('Euler', 20)?.id, '3');
  assert.equal(grid.cell('Euler', 30), undefined);
});

test('numbers of steps are read from a list in any form, and nothing else is', () => {
  assert.deepEqual(parseSteps(' 50,20 30;30', 20, 100), [20, 30, 50]);
  for (const wrong of ['', '19', '101', '20, x', '20.5', '-30'])
    assert.equal(parseSteps(wrong, 20, 100), undefined);
});
