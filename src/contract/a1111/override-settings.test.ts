import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WrongFieldsError } from './errors.ts';
import { readOverrides } from './override-settings.ts';

const names = [
  ...['jpeg_quality', 'CLIP_stop_at_last_layers', 'enable_pnginfo', 'sd_model_checkpoint'],
  ...['samples_format', 'randn_source', 'sd_vae', 'unheard_of'],
];

test('null and an empty text leave each setting as it is', () => {
  for (const value of [null, '']) {
    for (const name of names) assert.deepEqual(readOverrides({ [name]: value }), {}, name);
    assert.deepEqual(readOverrides(Object.fromEntries(names.map((name) => [name, value]))), {});
  }
});

test('numbers and switches may come as text, as in every body', () => {
  assert.deepEqual(readOverrides({ jpeg_quality: '90' }), { outputQuality: 90 });
  assert.deepEqual(readOverrides({ CLIP_stop_at_last_layers: '3' }), { clipSkip: 1 });
  assert.deepEqual(readOverrides({ enable_pnginfo: 'False' }), { embedParameters: false });
  assert.deepEqual(readOverrides({ samples_format: 'JPG', randn_source: 'cpu' }), {
    outputFormat: 'jpeg',
    rng: 'torch-cpu',
  });
});

for (const [name, value, rule] of [
  ['jpeg_quality', 0, 'must be an integer from 1 to 100, got 0'],
  ['jpeg_quality', 101, 'must be an integer from 1 to 100, got 101'],
  ['jpeg_quality', 'best', 'must be an integer from 1 to 100, got "best"'],
  ['CLIP_stop_at_last_layers', 1.5, 'must be an integer from 1 to 12, got 1.5'],
  ['enable_pnginfo', 'maybe', 'must be true or false, got "maybe"'],
  ['enable_pnginfo', 0, 'must be true or false, got 0'],
  ['samples_format', 'tiff', 'must be one of: png, jpg, webp, got "tiff"'],
  ['samples_format', 7, 'must be a string, got 7'],
  ['randn_source', 'TPU', 'must be one of: CPU, GPU, NV, got "TPU"'],
  ['sd_model_checkpoint', [], 'must be a string, got []'],
] as const)
  test(`${name} ${JSON.stringify(value)} is refused by its name and value`, () => {
    assert.throws(
      () => readOverrides({ [name]: value }),
      (error: unknown) => {
        assert.ok(error instanceof WrongFieldsError);
        assert.deepEqual(
          error.wrong.map((each) => [each.name, each.message]),
          [['override_settings', `override_settings.${name} ${rule}`]],
        );
        return true;
      },
    );
  });
