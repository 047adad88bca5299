import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { InstalledModel } from '../../../src/installation/installation.ts';
import type { Log } from '../../../src/jobs/log.ts';
import { hashWeights } from './weight-hashes.ts';

const root = mkdtempSync(path.join(tmpdir(), 'weight-hashes-'));
after(() => rmSync(root, { recursive: true }));
const log: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const modelsDir = path.join(root, 'models');
const folder = path.join(modelsDir, 'sdxl-base');
const unet = path.join(folder, 'unet', 'model.safetensors');
const single = path.join(modelsDir, 'realvis.safetensors');
mkdirSync(path.dirname(unet), { recursive: true });
writeFileSync(unet, Buffer.alloc(3_000_000, 7));
writeFileSync(path.join(folder, 'model_index.json'), '{}');
writeFileSync(single, 'single');

const model = (name: string, directory: string, checkpoint: string): InstalledModel => ({
  ...{ name, directory, checkpoint, serves: [name], manifest: undefined },
});
const models = [model('sdxl-base', folder, folder), model('realvis', modelsDir, single)];
const sha256 = (bytes: string | Buffer) => createHash('sha256').update(bytes).digest('hex');
const cacheFile = path.join(root, 'data', 'weight-hashes.json');

test('the weights of folders and of single files are hashed by name, and nothing else of them', async () => {
  const hashes = hashWeights(models, modelsDir, cacheFile, log);
  await hashes.done;
  assert.deepEqual(hashes.of('sdxl-base'), { 'unet/model.safetensors': sha256(Buffer.alloc(3_000_000, 7)) });
  assert.deepEqual(hashes.of('realvis'), { 'realvis.safetensors': sha256('single') });
  assert.deepEqual(hashes.of('unknown'), {});
});

test('a file is not read again while its path, size and time are those of the cache', async () => {
  const cache = JSON.parse(readFileSync(cacheFile, 'utf8')) as Record<string, string>;
  assert.equal(Object.keys(cache).length, 2);
  writeFileSync(
    cacheFile,
    JSON.stringify(Object.fromEntries(Object.keys(cache).map((key) => [key, 'kept']))),
  );
  const kept = hashWeights(models, modelsDir, cacheFile, log);
  await kept.done;
  assert.deepEqual(kept.of('realvis'), { 'realvis.safetensors': 'kept' });

  utimesSync(single, 1, 1);
  const changed = hashWeights(models, modelsDir, cacheFile, log);
  await changed.done;
  assert.deepEqual(changed.of('realvis'), { 'realvis.safetensors': sha256('single') });
});

test('workers of one process read each file once', async () => {
  const kept = path.join(root, 'shared.json');
  const both = [1, 2].map(() => hashWeights(models, modelsDir, kept, log));
  // Between the two turns of the big file it changes without its size or time, which nobody may see.
  while (both[0]!.of('sdxl-base')['unet/model.safetensors'] == null) await setTimeout(1);
  const { atime, mtime } = statSync(unet);
  writeFileSync(unet, Buffer.alloc(3_000_000, 8));
  utimesSync(unet, atime, mtime);
  await Promise.all(both.map(({ done }) => done));
  assert.deepEqual(both[1]!.of('sdxl-base'), both[0]!.of('sdxl-base'));
  writeFileSync(unet, Buffer.alloc(3_000_000, 7));
});

test('another file is hashed when it is asked for: a small one at once, a large one meanwhile', async () => {
  const small = path.join(root, 'tok.safetensors');
  const large = path.join(root, 'lora.safetensors');
  writeFileSync(small, 'vectors');
  writeFileSync(large, '');
  truncateSync(large, 2 ** 26 + 1);
  const hashes = hashWeights([], modelsDir, path.join(root, 'others.json'), log);
  assert.equal(await hashes.ofFile(small), sha256('vectors'));
  assert.equal(await hashes.ofFile(large), null);
  let known = null;
  while (known === null) {
    await setTimeout(5);
    known = await hashes.ofFile(large);
  }
  assert.equal(known, sha256(Buffer.alloc(2 ** 26 + 1)));
  writeFileSync(small, 'other vectors');
  assert.equal(await hashes.ofFile(small), sha256('other vectors'));
  await assert.rejects(hashes.ofFile(path.join(root, 'gone')), /ENOENT/);
  await hashes.close();
});

test('a cache that is broken or cannot be written costs only time', async () => {
  writeFileSync(cacheFile, '{');
  for (const file of [cacheFile, path.join(single, 'no-folder', 'cache.json')]) {
    const hashes = hashWeights(models, modelsDir, file, log);
    await hashes.done;
    assert.deepEqual(hashes.of('realvis'), { 'realvis.safetensors': sha256('single') });
  }
});

test('closing ends the work, and what is not known is null', async () => {
  const hashes = hashWeights(models, modelsDir, path.join(root, 'other.json'), log);
  await hashes.close();
  for (const hash of Object.values(hashes.of('sdxl-base'))) assert.equal(hash, null);
});
