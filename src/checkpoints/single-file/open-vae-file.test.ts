import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { after, before } from '../../testing/hooks.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { openCheckpoint } from '../open-checkpoint.ts';
import { writeCheckpoint } from '../synthetic/checkpoint-writer.ts';
import { writeSingleFile } from '../synthetic/single-file-writer.ts';
import { tinyBase } from '../synthetic/tiny-configs.ts';
import { assertSameNetwork } from '../testing/assert-same-network.ts';
import { copyTensors } from '../testing/copy-tensors.ts';

let folder = '';
let withVae = '';
let withoutVae = '';
let other = '';
const opened = {} as Record<'base' | 'other' | 'wide', Checkpoint>;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vae-file-'));
  const wide = { ...tinyBase.vae, block_out_channels: [32, 32, 64, 64], norm_num_groups: 32 };
  for (const [name, description, seed] of [
    ['base', tinyBase, 0],
    ['other', tinyBase, 2],
    ['wide', { ...tinyBase, vae: wide }, 3],
  ] as const) {
    await writeCheckpoint(path.join(folder, name), description, { seed, dtype: 'F16' });
    opened[name] = await openCheckpoint(path.join(folder, name));
  }
  withVae = path.join(folder, 'base.safetensors');
  withoutVae = path.join(folder, 'without-vae.safetensors');
  other = path.join(folder, 'other.safetensors');
  await writeSingleFile(withVae, opened.base, { configs: true });
  await writeSingleFile(withoutVae, opened.base, { configs: true, withoutVae: true });
  await writeSingleFile(other, opened.other, { configs: true });
});
after(() => rm(folder, { recursive: true }));

const weightsOf = (name: string) => path.join(folder, name, 'vae', 'diffusion_pytorch_model.safetensors');

test('another VAE takes the place of the built-in one, in a file with original names or a folder', async () => {
  const prefix = 'first_stage_model.';
  const bare = path.join(folder, 'vae-bare.safetensors');
  await copyTensors(other, bare, (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : undefined));
  const prefixed = path.join(folder, 'vae-prefixed.safetensors');
  await copyTensors(other, prefixed, (name) => (name.startsWith(prefix) ? name : undefined));
  const directory = path.join(folder, 'other', 'vae');
  for (const checkpoint of [path.join(folder, 'base'), withVae, withoutVae])
    for (const vae of [bare, prefixed, directory]) {
      const { vae: taken, unet } = await openCheckpoint(checkpoint, { vae });
      await assertSameNetwork(taken, opened.other.vae);
      await assertSameNetwork(unet, opened.base.unet);
    }
});

test("a VAE in a file with diffusers' names takes the place too, its config read off the shapes", async () => {
  const { vae } = await openCheckpoint(withVae, { vae: weightsOf('wide') });
  await assertSameNetwork(vae, opened.wide.vae);
  // Only SDXL's 32 groups can be assumed.
  await assert.rejects(
    openCheckpoint(withVae, { vae: weightsOf('other') }),
    /diffusion_pytorch_model\.safetensors: norm_num_groups is 32; it must divide block_out_channels\[0\] = 8/,
  );
});

test('a checkpoint without a VAE, and a file that is more than a VAE, are refused', async () => {
  await assert.rejects(openCheckpoint(withoutVae), /has no VAE \(first_stage_model\.\*\)/);
  await assert.rejects(
    openCheckpoint(withVae, { vae: other }),
    /other\.safetensors: tensor "conditioner\.embedders\.0\.[\w.]+" has no place in a VAE/,
  );
});

test("a VAE's attention is read under each of the three names that files have for it", async () => {
  const names = [
    ['mid.attn_1.q.', 'mid.attn_1.to_q.'],
    ['mid.attn_1.k.', 'mid.attn_1.key.'],
    ['mid.attn_1.v.', 'mid.attn_1.to_v.'],
    ['mid.attn_1.proj_out.', 'mid.attn_1.to_out.0.'],
  ] as const;
  const renamed = path.join(folder, 'renamed-attention.safetensors');
  await copyTensors(other, renamed, (name) =>
    names.reduce((result, [from, to]) => result.replace(from, to), name),
  );
  await assertSameNetwork((await openCheckpoint(renamed)).vae, opened.other.vae);
});

test('a tensor that a file holds under two names is refused with both', async () => {
  const twice = path.join(folder, 'twice.safetensors');
  const copy = (from: string, also: (name: string) => string) =>
    copyTensors(from, twice, (name) => [...new Set([name, also(name)])]);
  const prefix = 'first_stage_model.';
  await rm(twice, { force: true });
  await copy(other, (name) => name.replace('decoder.mid.attn_1.q.weight', 'decoder.mid.attn_1.to_q.weight'));
  await assert.rejects(
    openCheckpoint(twice),
    /twice\.safetensors: tensors "first_stage_model\.decoder\.mid\.attn_1\.q\.weight" and "first_stage_model\.decoder\.mid\.attn_1\.to_q\.weight" are both vae\./,
  );
  const bare = path.join(folder, 'bare-twice.safetensors');
  await copyTensors(twice, bare, (name) => (name.startsWith(prefix) ? name.slice(prefix.length) : undefined));
  await assert.rejects(
    openCheckpoint(withVae, { vae: bare }),
    /tensors "decoder\.mid\.attn_1\.q\.weight" and "decoder\.mid\.attn_1\.to_q\.weight" are both decoder\.mid_block/,
  );
  await rm(twice, { force: true });
  await copy(weightsOf('wide'), (name) => name.replace('attentions.0.to_q.', 'attentions.0.query.'));
  await assert.rejects(
    openCheckpoint(withVae, { vae: twice }),
    /tensors ".*attentions\.0\.to_q\.\w+" and ".*attentions\.0\.query\.\w+" are both/,
  );
});
