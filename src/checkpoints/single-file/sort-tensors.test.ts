import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { TensorLocation } from '../checkpoint.ts';
import { parseClipTextConfig } from '../configs/clip-text-config.ts';
import { publishedBase, publishedRefiner } from '../configs/published-configs.ts';
import { parseUnetConfig } from '../configs/unet-config.ts';
import { parseVaeConfig } from '../configs/vae-config.ts';
import { clipTextTensors } from '../synthetic/clip-text-tensors.ts';
import { unetTensors } from '../synthetic/unet-tensors.ts';
import { vaeTensors } from '../synthetic/vae-tensors.ts';
import { isIgnorableInSingleFile } from './ignorable-tensors.ts';
import { inferClipTextConfig, inferUnetConfig, inferVaeConfig } from './inferred-configs.ts';
import { openClipNames, openClipParts } from './open-clip-names.ts';
import { type SingleFileComponent, type SortedTensors, sortTensors } from './sort-tensors.ts';
import { originalUnetName } from './unet-names.ts';
import { originalVaeName } from './vae-names.ts';

/**
 * Original name -> [shape, component/published name, ...]; several names are slices in order, "T" means
 * transposed.
 */
type Names = Readonly<Record<string, readonly [shape: readonly number[], ...published: string[]]>>;

const oracle = JSON.parse(
  gunzipSync(readFileSync(new URL('oracles/names.json.gz', import.meta.url))).toString(),
) as { names: Record<'base' | 'refiner', Names> };

const checkpoints = {
  base: {
    prefixes: {
      text_encoder: 'conditioner.embedders.0.transformer.',
      text_encoder_2: 'conditioner.embedders.1.model.',
    },
    description: publishedBase,
    upAttends: [true, true, false],
    timeIds: 6,
  },
  refiner: {
    prefixes: { text_encoder_2: 'conditioner.embedders.0.model.' },
    description: publishedRefiner,
    upAttends: [false, true, true, false],
    timeIds: 5,
  },
};

/** Every tensor of a full-size single file laid out one after another in float16. */
function located(names: Names): Map<string, TensorLocation> {
  let byteOffset = 1000;
  return new Map(
    Object.entries(names).map(([name, [shape]]) => {
      const byteLength = shape.reduce((product, extent) => product * extent, 2);
      const location = { file: '/x.safetensors', byteOffset, byteLength, dtype: 'F16', shape } as const;
      byteOffset += byteLength;
      return [name, location];
    }),
  );
}

function shapesOf(sorted: SortedTensors, component: SingleFileComponent) {
  return new Map([...sorted.get(component)!].map(([name, { shape }]) => [name, shape]));
}

for (const kind of ['base', 'refiner'] as const) {
  const names = oracle.names[kind];
  const { prefixes, description, upAttends, timeIds } = checkpoints[kind];
  const sorted = sortTensors(located(names), prefixes, 'x.safetensors');

  test(`every tensor of the SDXL ${kind} goes where diffusers' converter puts it, slices and turned ones too`, () => {
    const bytes = located(names);
    const expected = Object.entries(names).flatMap(([original, [, ...targets]]) => {
      const { byteOffset, byteLength } = bytes.get(original)!;
      const parts = targets.filter((target) => target !== 'T');
      return parts.map((target, index) => ({
        target,
        begin: byteOffset + (index * byteLength) / parts.length,
        length: byteLength / parts.length,
        transposed: targets.includes('T'),
      }));
    });
    const actual = [...sorted].flatMap(([component, tensors]) =>
      [...tensors].map(([name, location]) => ({
        target: `${component}/${name}`,
        begin: location.byteOffset,
        length: location.byteLength,
        transposed: location.transposed === true,
      })),
    );
    const order = (a: { target: string }, b: { target: string }) => (a.target < b.target ? -1 : 1);
    assert.deepEqual(actual.sort(order), expected.sort(order));
  });

  test(`the SDXL ${kind}'s networks have all their tensors in their shapes, and no others`, () => {
    const unet = parseUnetConfig(description.unet, 'config.json');
    assert.deepEqual(sortedByName(shapesOf(sorted, 'unet')), sortedByName(unetTensors(unet)));
    const vae = parseVaeConfig(description.vae, 'config.json');
    assert.deepEqual(sortedByName(shapesOf(sorted, 'vae')), sortedByName(vaeTensors(vae)));
    for (const [component, json] of Object.entries(description.textEncoders)) {
      const clip = clipTextTensors(parseClipTextConfig(json, 'config.json'), component === 'text_encoder_2');
      assert.deepEqual(sortedByName(shapesOf(sorted, component as SingleFileComponent)), sortedByName(clip));
    }
  });

  test(`the SDXL ${kind}'s configs are read off its tensors`, () => {
    const inferred = parseUnetConfig(
      inferUnetConfig(sorted.get('unet')!, 'x', { pooledWidth: 1280, timeIds }),
      'x',
    );
    const published = parseUnetConfig(description.unet, 'x');
    // Depths of levels without attention are of no effect.
    const {
      transformer_layers_per_block: _down,
      reverse_transformer_layers_per_block: _up,
      ...rest
    } = inferred;
    assert.deepEqual(rest, {
      ...Object.fromEntries(Object.keys(rest).map((key) => [key, published[key as keyof typeof rest]])),
    });
    assert.deepEqual(sortedByName(unetTensors(inferred)), sortedByName(unetTensors(published)));
    assert.deepEqual(
      parseVaeConfig(inferVaeConfig(sorted.get('vae')!, 'x'), 'x'),
      parseVaeConfig(description.vae, 'x'),
    );
    for (const [component, json] of Object.entries(description.textEncoders) as [
      'text_encoder' | 'text_encoder_2',
      Record<string, unknown>,
    ][])
      assert.deepEqual(
        parseClipTextConfig(inferClipTextConfig(component, sorted.get(component)!, 'x'), 'x'),
        parseClipTextConfig(json, 'x'),
      );
  });

  test(`published names of the SDXL ${kind} lead back to the original ones`, () => {
    for (const [original, [, first]] of Object.entries(names)) {
      const [component, published] = first!.split('/') as [string, string];
      if (component === 'unet')
        assert.equal(
          `model.diffusion_model.${originalUnetName(published, 3, (level) => upAttends[level]!)}`,
          original,
        );
      if (component === 'vae') assert.equal(`first_stage_model.${originalVaeName(published, 4)}`, original);
    }
    const openClip = Object.keys(names).filter((name) => name.startsWith(prefixes.text_encoder_2));
    assert.deepEqual(
      openClipNames(32)
        .map((name) => prefixes.text_encoder_2 + name)
        .sort(),
      openClip.sort(),
    );
    assert.equal(openClipNames(32).flatMap(openClipParts).length, shapesOf(sorted, 'text_encoder_2').size);
  });
}

const sortedByName = <Value>(map: ReadonlyMap<string, Value>) =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));

test("the pooled prompt's projection is turned under its own name only, not as a linear layer's weight", () => {
  const published = 'text_projection.weight';
  assert.deepEqual(openClipParts('text_projection'), [{ published, transposed: true }]);
  assert.deepEqual(openClipParts('text_projection.weight'), [{ published }]);
  const both = located({
    ...oracle.names.base,
    'conditioner.embedders.1.model.text_projection.weight': [[1280, 1280]],
  });
  assert.throws(
    () => sortTensors(both, checkpoints.base.prefixes, 'x.safetensors'),
    /x\.safetensors: tensors ".*text_projection" and ".*text_projection\.weight" are both text_encoder_2\.text_proj/,
  );
});

test('none of the tensors that networks need is on the list of ignorable ones', () => {
  for (const names of Object.values(oracle.names))
    assert.deepEqual(Object.keys(names).filter(isIgnorableInSingleFile), []);
});

/**
 * What published files carry besides, from ljleb/sd-mecha's model_configs/sdxl-sgm.yaml and ComfyUI's and
 * kohya's writers.
 */
for (const name of [
  'model_ema.diffusion_modelinput_blocks00weight',
  'model_ema.num_updates',
  'alphas_cumprod',
  'posterior_mean_coef2',
  'sqrt_recipm1_alphas_cumprod',
  'denoiser.sigmas',
  'conditioner.embedders.0.transformer.text_model.embeddings.position_ids',
  'conditioner.embedders.1.model.transformer.text_model.embeddings.position_ids',
  'conditioner.embedders.1.model.logit_scale',
  'conditioner.embedders.0.transformer.text_projection.weight',
  'cond_stage_model.transformer.text_model.embeddings.position_ids',
  'first_stage_model.loss.logvar',
  'lvlb_weights',
  'logvar',
  'scale_factor',
  'sigmas',
  'log_sigmas',
  'model.model_sampling.sigmas',
])
  test(`${name} is ignorable`, () => assert.ok(isIgnorableInSingleFile(name)));

for (const name of [
  'model.diffusion_model.input_blocks.1.0.extra.weight',
  'model.diffusion_model.control.weight',
  'first_stage_model.encoder.mid.attn_1.gate.weight',
  'conditioner.embedders.1.model.transformer.resblocks.0.attn.gate',
  'edm_mean',
  'lora_unet_conv_in.alpha',
])
  test(`a surplus ${name} is refused by name`, () => {
    const tensors = located({ ...oracle.names.base, [name]: [[3]] });
    assert.throws(
      () => sortTensors(tensors, checkpoints.base.prefixes, 'x.safetensors'),
      (error: Error) =>
        error.message === `x.safetensors: tensor "${name}" has no place in an SDXL checkpoint`,
    );
  });
