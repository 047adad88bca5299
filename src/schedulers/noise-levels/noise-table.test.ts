import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noiseTable } from './noise-table.ts';

const sdxl = { beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear' };

test("SDXL's table has the published ends", () => {
  const { sigmas, cumulativeAlphas } = noiseTable(sdxl);
  assert.equal(sigmas.length, 1000);
  assert.ok(Math.abs(cumulativeAlphas[0]! - 0.99915) < 1e-7);
  assert.ok(Math.abs(cumulativeAlphas[999]! - 0.004660095) < 1e-9);
  assert.ok(Math.abs(sigmas[0]! - 0.029167533) < 1e-9);
  assert.ok(Math.abs(sigmas[999]! - 14.614647) < 1e-6);
});

test('an absent or empty configuration has the defaults of diffusers', () => {
  const table = noiseTable({});
  assert.equal(table.predictionType, 'epsilon');
  assert.equal(table.timestepSpacing, undefined);
  assert.equal(table.stepsOffset, 0);
  assert.deepEqual(noiseTable({ timestep_spacing: null, beta_schedule: null }).sigmas, table.sigmas);
  assert.deepEqual(noiseTable({ beta_schedule: 'linear', num_train_timesteps: 1000 }).sigmas, table.sigmas);
});

test('every training timestep is found again from its sigma', () => {
  const { sigmas, timestepAt, levelAt } = noiseTable(sdxl);
  for (const [timestep, sigma] of sigmas.entries())
    assert.ok(Math.abs(timestepAt(sigma) - timestep) < 1e-4, `timestep ${timestep}`);
  assert.deepEqual(levelAt(sigmas[500]!), { sigma: sigmas[500], timestep: timestepAt(sigmas[500]!) });
});

test('between training timesteps sigma is linear in the timestep, and the timestep linear in log sigma', () => {
  const { sigmas, sigmaAt, timestepAt } = noiseTable(sdxl);
  assert.equal(sigmaAt(500.25), sigmas[500]! + 0.25 * (sigmas[501]! - sigmas[500]!));
  assert.ok(Math.abs(timestepAt(Math.sqrt(sigmas[500]! * sigmas[501]!)) - 500.5) < 1e-3);
});

test('sigmas outside the table get its first and last timestep', () => {
  const { timestepAt } = noiseTable(sdxl);
  assert.equal(timestepAt(0), 0);
  assert.equal(timestepAt(1e-3), 0);
  assert.equal(timestepAt(100), 999);
});

test('zero terminal signal leaves a finite last sigma of the smallest float16 signal', () => {
  const { sigmas, cumulativeAlphas } = noiseTable({ ...sdxl, rescale_betas_zero_snr: true });
  assert.equal(cumulativeAlphas.at(-1), 2 ** -24);
  assert.ok(Math.abs(sigmas.at(-1)! - 4096) < 1);
  assert.ok(Math.abs(cumulativeAlphas[0]! - 0.99915) < 1e-6);
});

test('given betas replace the beta schedule and its length', () => {
  const { sigmas } = noiseTable({ ...sdxl, num_train_timesteps: 1000, trained_betas: [0.5, 0.5, 0.5] });
  assert.deepEqual(
    [...sigmas].map((sigma) => sigma * sigma),
    [1, 3, 7].map((variance) => Math.fround(Math.sqrt(variance)) ** 2),
  );
});

for (const [key, value, message] of [
  ['prediction_type', 'flow', /prediction_type is "flow", expected "epsilon" or "v_prediction" or "sample"/],
  ['prediction_type', 3, /prediction_type is 3/],
  ['beta_schedule', 'sigmoid', /beta_schedule is "sigmoid"/],
  [
    'timestep_spacing',
    'karras',
    /timestep_spacing is "karras", expected "leading" or "trailing" or "linspace"/,
  ],
  ['beta_start', '0.1', /beta_start is "0\.1", expected a number between 0 and 1/],
  // A beta of 0 adds no noise, and one of 1 leaves nothing to divide by.
  ['beta_start', 0, /beta_start is 0, expected a number between 0 and 1/],
  ['beta_end', 1, /beta_end is 1/],
  ['beta_end', 2, /beta_end is 2/],
  ['num_train_timesteps', 10.5, /num_train_timesteps is 10\.5/],
  ['steps_offset', -1, /steps_offset is -1/],
  ['rescale_betas_zero_snr', 'yes', /rescale_betas_zero_snr is "yes", expected true or false/],
  ['trained_betas', [0.1, 'x'], /trained_betas is \[0\.1,"x"\]/],
  ['trained_betas', [0.1, 1], /trained_betas is \[0\.1,1\]/],
  ['final_sigmas_type', 'one', /final_sigmas_type is "one"/],
] as const)
  test(`${key} of ${JSON.stringify(value)} is refused by name and value`, () => {
    assert.throws(() => noiseTable({ [key]: value }), message);
  });

test('of a network that predicts the clean latents its output is taken as it is', () => {
  // SDXL-Lightning's one-step UNet; diffusers 0.42.1, EulerDiscreteScheduler.step with prediction_type
  // sample.
  const { preconditioningAt } = noiseTable({ ...sdxl, prediction_type: 'sample' });
  const { input, skip, output } = preconditioningAt(3);
  assert.equal(input, 1 / Math.sqrt(10));
  assert.deepEqual({ skip, output }, { skip: 0, output: 1 });
});
