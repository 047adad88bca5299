import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckpointError } from './checkpoint-error.ts';
import { parseManifest, requireServable } from './manifest.ts';

const parse = (value: unknown) => parseManifest(JSON.stringify(value), 'm/model.json');
const digest = 'ab'.repeat(32);

test('a manifest with its kind alone describes a diffusers folder served under its own name', () => {
  assert.deepEqual(parse({ kind: 'base' }), {
    kind: 'base',
    serves: undefined,
    checkpoint: '.',
    files: [],
    scheduler: {},
    vae: undefined,
    loras: [],
  });
});

test('every key of a manifest is read', () => {
  const manifest = {
    kind: 'base',
    serves: ['juggernaut', 'my.model-2'],
    checkpoint: 'a.safetensors',
    files: [
      { path: 'sub/a.safetensors', sha256: digest, url: 'https://host/a/b/resolve/main/a.safetensors' },
    ],
    scheduler: { prediction_type: 'v_prediction' },
    vae: '../shared/vae.safetensors',
    loras: [{ file: 'l.safetensors', weight: -0.5 }],
  };
  assert.deepEqual(parse(manifest), manifest);
});

test('a LoRA without a weight has weight 1, and a path is normalised', () => {
  const { loras, vae } = parse({ kind: 'base', loras: [{ file: './x//l.safetensors' }], vae: 'vae/' });
  assert.deepEqual(loras, [{ file: 'x/l.safetensors', weight: 1 }]);
  assert.equal(vae, 'vae');
});

for (const [wrong, message] of [
  [{}, /kind is absent; it must be one of base,refiner/],
  [{ kind: 'lora' }, /kind is "lora"/],
  [{ kind: 'base', lora: [] }, /lora is \[\]; the keys of a manifest are kind, serves/],
  [
    { kind: 'base', loras: [{ file: 'l.safetensors' }, { file: './l.safetensors', weight: 2 }] },
    /loras is .*"l\.safetensors" occurs twice/,
  ],
  [
    { kind: 'base', files: [{ path: 'a.json' }, { path: 'a.json', sha256: digest }] },
    /files is .*"a\.json" occurs twice/,
  ],
  [{ kind: 'base', serves: [] }, /serves is \[\]/],
  [{ kind: 'base', serves: ['a b'] }, /serves is \["a b"\]/],
  [{ kind: 'base', serves: ['../a'] }, /serves/],
  [{ kind: 'base', serves: ['a', 'a'] }, /serves.*a name occurs twice/],
  [{ kind: 'base', checkpoint: 'a.ckpt' }, /checkpoint is "a.ckpt"; it must be "." or a .safetensors file/],
  [{ kind: 'base', checkpoint: '/a.safetensors' }, /checkpoint.*no path inside the model's folder/],
  [{ kind: 'base', checkpoint: 'x/../../a.safetensors' }, /checkpoint.*no path inside/],
  [{ kind: 'base', files: [{ path: 'a.bin' }] }, /files.*"a.bin" is neither safetensors nor ONNX/],
  [{ kind: 'base', files: [{ path: '..\\a.json' }] }, /files.*no path inside/],
  [{ kind: 'base', files: [{ sha256: digest }] }, /files.*an absent path is no path/],
  [{ kind: 'base', files: [{ path: 'a.json', sha256: 'AB' }] }, /sha256 of "a.json" must be 64/],
  [{ kind: 'base', files: [{ path: 'a.json', url: 'file:///etc/passwd' }] }, /url of "a.json"/],
  [{ kind: 'base', files: [{ path: 'a.json', sha1: 'x' }] }, /files.*objects with path, sha256, url/],
  [{ kind: 'base', files: { path: 'a.json' } }, /files.*it must be an array/],
  [{ kind: 'base', scheduler: 'DDIM' }, /scheduler is "DDIM"; it must be an object/],
  [{ kind: 'base', vae: '../../vae.safetensors' }, /vae.*no path inside/],
  [{ kind: 'base', vae: 3 }, /vae.*3 is no path inside/],
  [{ kind: 'base', loras: [{ file: 'a.pt' }] }, /loras.*"a.pt" is no .safetensors file/],
  [{ kind: 'base', loras: [{ file: 'a.safetensors', weight: '1' }] }, /weight of "a.safetensors"/],
  ['base', /must hold a JSON object/],
] as const) {
  test(`the manifest ${JSON.stringify(wrong)} is refused by file and key`, () => {
    assert.throws(
      () => parse(wrong),
      (error: Error) => error instanceof CheckpointError && message.test(error.message),
    );
  });
}

test('a refiner serves sdxl-refiner alone, a base model anything else', () => {
  const names = (manifest: object) => requireServable(parse(manifest), 'folder', 'f/model.json');
  assert.deepEqual(names({ kind: 'base' }), ['folder']);
  assert.deepEqual(names({ kind: 'refiner', serves: ['sdxl-refiner'] }), ['sdxl-refiner']);
  assert.throws(
    () => names({ kind: 'refiner' }),
    /kind is "refiner", which serves "sdxl-refiner" and not "folder"/,
  );
  assert.throws(() => names({ kind: 'base', serves: ['a', 'sdxl-refiner'] }), /cannot serve "sdxl-refiner"/);
});
