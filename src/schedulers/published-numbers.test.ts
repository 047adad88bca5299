import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noiseTable } from './noise-levels/noise-table.ts';
import type { Denoise, Solver } from './scheduler.ts';
import { lms } from './solvers/lms.ts';
import {
  type PublishedLoop,
  publishedClasses,
  publishedLoops,
  runPublished,
  runScaled,
  scheduleFor,
} from './testing/published-loops.ts';

/** Published results that are not held to, each with the reason. */
const exceptions: Readonly<Record<string, string>> = {
  'DEISMultistepScheduler full_loop_no_noise': 'DEIS is behind no name of either endpoint',
  'DEISMultistepScheduler full_loop_with_v_prediction': 'DEIS is behind no name of either endpoint',
  'DEISMultistepScheduler full_loop_with_noise': 'DEIS is behind no name of either endpoint',
  'DPMSolverMultistepScheduler full_loop_with_lu_and_v_prediction':
    'spacing by Lu is behind no name of either endpoint',
};

/** Published results that ours must differ from, each with the reason. */
const divergences: Readonly<Record<string, string>> = {
  'LMSDiscreteScheduler full_loop_with_noise':
    'entered mid-schedule, the class takes the weights of a full history that it does not have',
  'PNDMScheduler full_loop_with_v_prediction':
    'the class adds velocities of different levels before it makes noise of them; ours adds the noise',
};

function assertPublished(entry: PublishedLoop, latents: Float32Array): void {
  const sum = latents.reduce((total, value) => total + Math.abs(value), 0);
  for (const [name, value, expected, tolerance] of [
    ['sum', sum, entry.sum, entry.sumTolerance],
    ['mean', sum / latents.length, entry.mean, entry.meanTolerance],
  ] as const) {
    if (expected === null || tolerance === null) continue;
    assert.ok(Math.abs(value - expected) < tolerance, `${name} ${value}, published ${expected}`);
  }
}

for (const entry of publishedLoops) {
  const title = `${entry.class} ${entry.test}`;
  if (title in exceptions) continue;
  const diverges = title in divergences;
  test(`${title} ${diverges ? 'still differs from' : 'gives'} the published sum and mean`, async () => {
    const model = noiseTable(
      entry.class === 'PNDMScheduler' ? { skip_prk_steps: false, ...entry.config } : entry.config,
    );
    const schedule = scheduleFor(entry, model);
    const latents = await runPublished(entry, model, schedule);
    if (diverges) assert.throws(() => assertPublished(entry, latents), { code: 'ERR_ASSERTION' });
    else assertPublished(entry, latents);
  });
}

test('LMS gives the published loop where the missing history is filled with zeros as there', async () => {
  const lmsEntry = publishedLoops.find(
    ({ class: name, noiseFrom }) => name === 'LMSDiscreteScheduler' && noiseFrom !== undefined,
  )!;
  const model = noiseTable(lmsEntry.config);
  const schedule = scheduleFor(lmsEntry, model);
  const { begin } = schedule;
  const fromStart: Solver = async function* (denoise, latents, part, noise) {
    let calls = 0;
    const idleUntilEntry: Denoise = async (x, level) => (calls++ < begin ? x : denoise(x, level));
    let index = 0;
    for await (const x of lms(idleUntilEntry, latents, { ...part, begin: 0 }, noise))
      if (index++ >= begin) yield x;
  };
  const used = { ...publishedClasses.LMSDiscreteScheduler!, solver: fromStart };
  const latents = await runScaled(lmsEntry, model, schedule, used);
  assertPublished(lmsEntry, latents);
});

test('every published result is either held to or excepted with a reason', () => {
  const titles = new Set(publishedLoops.map((entry) => `${entry.class} ${entry.test}`));
  for (const title of Object.keys({ ...exceptions, ...divergences })) assert.ok(titles.has(title), title);
  for (const entry of publishedLoops)
    assert.ok(entry.class in publishedClasses || `${entry.class} ${entry.test}` in exceptions, entry.class);
});
