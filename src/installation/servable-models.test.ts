import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '../checkpoints/open-checkpoint.ts';
import { writeTinyCheckpoints } from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { writeExportedFolder } from '../networks/testing/write-exported-folder.ts';
import { after, before } from '../testing/hooks.ts';
import { servableModels } from './servable-models.ts';

const root = mkdtempSync(path.join(tmpdir(), 'servable-models-'));
const models = path.join(root, 'models');
let tiny = '';
before(async () => {
  tiny = (await writeTinyCheckpoints(root)).base;
  cpSync(tiny, path.join(models, 'good'), { recursive: true });
});
after(() => rmSync(root, { recursive: true }));

function editJson(file: string, changes: object): void {
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...changes }));
}

/** The tiny checkpoint, damaged, as the folder `broken`. */
const damages: [title: string, damage: (folder: string) => void, reason: RegExp][] = [
  [
    'a pipeline of another kind',
    (folder) => editJson(path.join(folder, 'model_index.json'), { _class_name: 'FluxPipeline' }),
    /_class_name is "FluxPipeline"/,
  ],
  [
    'flow matching',
    (folder) =>
      editJson(path.join(folder, 'scheduler/scheduler_config.json'), {
        _class_name: 'FlowMatchEulerDiscreteScheduler',
      }),
    /_class_name is "FlowMatchEulerDiscreteScheduler"/,
  ],
  [
    'truncated weights',
    (folder) => truncateSync(path.join(folder, 'unet/diffusion_pytorch_model.safetensors'), 1000),
    /truncated/,
  ],
  [
    'a UNet that does not fit its config',
    (folder) => editJson(path.join(folder, 'unet/config.json'), { layers_per_block: 7 }),
    /unet: tensor ".*" is missing although the config calls for it \(and \d+ more\)/,
  ],
  [
    'a VAE of more blocks than its weights',
    (folder) => editJson(path.join(folder, 'vae/config.json'), { layers_per_block: 5 }),
    /vae: tensor ".*" is missing although the config calls for it/,
  ],
  [
    'a text encoder of another width than its weights',
    (folder) => editJson(path.join(folder, 'text_encoder/config.json'), { intermediate_size: 999 }),
    /text_encoder.model\.safetensors: tensor ".*" has shape \[.*\] where the config calls for \[999/,
  ],
  [
    'a UNet whose time ids leave nothing for the prompt',
    (folder) => editJson(path.join(folder, 'unet/config.json'), { projection_class_embeddings_input_dim: 1 }),
    /projection_class_embeddings_input_dim is 1/,
  ],
  [
    'a config that is no JSON',
    (folder) => writeFileSync(path.join(folder, 'vae/config.json'), '{'),
    /not valid JSON/,
  ],
  [
    'a manifest with a scheduler that is not computed',
    (folder) =>
      writeFileSync(
        path.join(folder, 'model.json'),
        JSON.stringify({ kind: 'base', scheduler: { timestep_type: 'continuous' } }),
      ),
    /model\.json: scheduler_config\.json: timestep_type is "continuous"/,
  ],
  [
    'a single VAE',
    (folder) => {
      cpSync(path.join(tiny, 'vae/diffusion_pytorch_model.safetensors'), `${folder}.safetensors`);
      rmSync(folder, { recursive: true });
    },
    /is no SDXL checkpoint/,
  ],
];
for (const [title, damage, reason] of damages)
  test(`${title} is left out with its reason, and refused where it is asked for`, async () => {
    const broken = path.join(models, 'broken');
    mkdirSync(broken);
    cpSync(tiny, broken, { recursive: true });
    damage(broken);
    try {
      const { installation, unservable } = await servableModels(models);
      assert.deepEqual([...installation.keys()], ['good']);
      assert.equal(unservable.length, 1);
      assert.match(unservable[0]!.entry, /^broken(\.safetensors)?$/);
      assert.match(unservable[0]!.reason, reason);
      const alone = await servableModels(models, ['good']);
      assert.deepEqual([...alone.installation.keys()], ['good']);
      await assert.rejects(servableModels(models, ['broken']), reason);
    } finally {
      for (const place of [broken, `${broken}.safetensors`]) rmSync(place, { recursive: true, force: true });
    }
  });

test('exported networks are told, as no LoRA and no embedding can be put into them', async () => {
  const folder = path.join(root, 'both');
  cpSync(tiny, path.join(folder, 'weights'), { recursive: true });
  writeExportedFolder(await openCheckpoint(tiny), path.join(folder, 'graphs'));
  const { facts } = await servableModels(folder);
  assert.deepEqual(Object.fromEntries(facts), { weights: {}, graphs: { exported: true } });
});

test('a folder in which nothing opens is refused with every reason', async () => {
  const empty = path.join(root, 'empty');
  mkdirSync(path.join(empty, 'a'), { recursive: true });
  writeFileSync(path.join(empty, 'a', 'model_index.json'), '{}');
  writeFileSync(path.join(empty, 'b.safetensors'), '');
  await assert.rejects(
    servableModels(empty),
    /no checkpoint can be served: .*a.model_index\.json: _class_name is absent.*; .*b\.safetensors: 0 bytes/,
  );
});
