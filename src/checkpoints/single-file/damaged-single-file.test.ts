import assert from 'node:assert/strict';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { after, before } from '../../testing/hooks.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { openCheckpoint } from '../open-checkpoint.ts';
import { readSafetensorsHeader } from '../safetensors/safetensors.ts';
import { writeCheckpoint } from '../synthetic/checkpoint-writer.ts';
import { writeSingleFile } from '../synthetic/single-file-writer.ts';
import { tinyRefiner } from '../synthetic/tiny-configs.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'damaged-'));
});
after(() => rm(folder, { recursive: true }));

/** The "minimal standard" generator of Park and Miller. */
function randomBelow(): (limit: number) => number {
  let state = 1;
  return (limit) => {
    state = (state * 48271) % 0x7fffffff;
    return (state >> 4) % limit;
  };
}

test('whatever tensors are lost, renamed or reshaped, the file is opened or refused with a CheckpointError', async () => {
  const file = path.join(folder, 'refiner.safetensors');
  await writeCheckpoint(path.join(folder, 'refiner'), tinyRefiner, { seed: 1, dtype: 'F16' });
  await writeSingleFile(file, await openCheckpoint(path.join(folder, 'refiner')), { configs: true });
  const { tensors } = await readSafetensorsHeader(file);
  const whole = [...tensors].map(([name, { shape }]) => [name, shape] as [string, readonly number[]]);
  const prefixes = [...new Set(whole.map(([name]) => name.split('.').slice(0, 3).join('.')))];
  const random = randomBelow();
  for (let round = 0; round < 150; round++) {
    let entries = [...whole];
    for (let change = random(3); change >= 0; change--) {
      const at = random(entries.length);
      const [name, shape] = entries[at]!;
      const kind = random(4);
      if (kind === 0)
        entries = entries.filter(([other]) => !other.startsWith(prefixes[random(prefixes.length)]!));
      if (kind === 1) entries[at] = [name.replace(/\d+|weight/, String(random(40))), shape];
      if (kind === 2) entries[at] = [name, shape.slice(random(2), 3)];
      if (kind === 3)
        entries = entries.filter(
          ([other]) =>
            !other.includes(
              ['label_emb', 'input_blocks', 'attn2', 'ln_final', 'decoder', 'conv_in'][random(6)]!,
            ),
        );
    }
    // Each network's config is read off the tensors in turn.
    const { vae, unet, textEncoders } = tinyRefiner;
    const configs = [
      { ...textEncoders, vae },
      { ...textEncoders, unet },
      { vae, unet },
    ][round % 3];
    const header: Record<string, unknown> = {
      __metadata__: { 'sdxl-server.configs': JSON.stringify(configs) },
    };
    let position = 0;
    for (const [name, shape] of entries) {
      const end = position + shape.reduce((product, extent) => product * extent, 2);
      header[name] = { dtype: 'F16', shape, data_offsets: [position, end] };
      position = end;
    }
    const json = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.length));
    await writeFile(file, Buffer.concat([length, json]));
    await truncate(file, 8 + json.length + position);
    await openCheckpoint(file).catch((error: unknown) =>
      assert.ok(error instanceof CheckpointError, (error as Error).stack),
    );
  }
});
