import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeEach, test } from 'node:test';
import { readManifest } from '../../../src/checkpoints/manifest.ts';
import { writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { listModels } from '../../../src/installation/installation.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { type FileServer, serveFiles } from '../download/testing/file-server.ts';
import { listReport } from './list.ts';
import { prepare } from './prepare.ts';
import { type PullOptions, pathOf, pull } from './pull.ts';

const root = mkdtempSync(path.join(tmpdir(), 'pull-'));
const source = path.join(root, 'source');
let server: FileServer;
let modelsDir = '';
let count = 0;
/** Files of the two tiny checkpoints under Hugging Face's addresses. */
const repositoryFiles = (name: string) =>
  globSync('**/*.{json,txt,safetensors}', { cwd: path.join(source, name) }).sort();
const at = (name: string, file: string) => `${server.url}/tiny/${name}/resolve/main/${file}`;
const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

before(async () => {
  await writeTinyCheckpoints(source);
  const files: Record<string, Buffer> = {
    '/x/y/resolve/main/weights.safetensors': Buffer.from('PK\x03\x04 not what its name says'),
  };
  for (const name of ['tiny-base', 'tiny-refiner'])
    for (const file of repositoryFiles(name))
      files[`/tiny/${name}/resolve/main/${file}`] = readFileSync(path.join(source, name, file));
  // Every second answer breaks after its first half.
  server = await serveFiles(files, { cutAfter: (answer) => (answer % 2 === 0 ? 300 : undefined) });
});
after(async () => {
  await server.close();
  rmSync(root, { recursive: true });
});
beforeEach(() => {
  modelsDir = path.join(root, `models-${count++}`);
});

const get = (name: string, urls: readonly string[], own: Partial<PullOptions> = {}) =>
  pull({ modelsDir, name, urls, retryDelayMs: 1, ...own });
const wholeFolder = (name: string) => repositoryFiles(name).map((file) => at(name, file));

test('a diffusers folder is pulled file by file, described, prepared and listed', async () => {
  await get('tiny', wholeFolder('tiny-base'), { serves: ['juggernaut', 'mine'] });
  const manifest = await readManifest(path.join(modelsDir, 'tiny', 'model.json'));
  assert.equal(manifest.kind, 'base');
  assert.deepEqual(manifest.serves, ['juggernaut', 'mine']);
  assert.equal(manifest.checkpoint, '.');
  for (const { path: file, sha256, url } of manifest.files) {
    assert.equal(sha256, digest(path.join(source, 'tiny-base', file)));
    assert.equal(url, at('tiny-base', file));
  }
  const [model] = await listModels(modelsDir);
  const { tensors, hashed } = await prepare(model!);
  assert.equal(hashed, manifest.files.length);
  assert.ok(tensors > 900);
  assert.match(await listReport(modelsDir), /\ntiny +base +4 files +4\.50 MiB +fp16 +juggernaut, mine/);
});

test('a refiner is recognised and serves sdxl-refiner', async () => {
  await get('second', wholeFolder('tiny-refiner'));
  const { kind, serves } = await readManifest(path.join(modelsDir, 'second', 'model.json'));
  assert.deepEqual([kind, serves], ['refiner', ['sdxl-refiner']]);
});

test('a pull without addresses fetches what is missing of the manifest, and only that', async () => {
  await get('tiny', wholeFolder('tiny-base'));
  rmSync(path.join(modelsDir, 'tiny', 'unet'), { recursive: true });
  const lines: string[] = [];
  await get('tiny', [], { onDone: (line) => lines.push(line) });
  assert.match(lines.find((line) => line.startsWith('unet/config.json'))!, /sha256 .* \(as given\)$/);
  assert.ok(lines.includes('vae/config.json: already there'));
  assert.equal((await prepare((await listModels(modelsDir))[0]!)).tensors, 921);
});

test('a VAE and LoRAs are pulled beside the checkpoint and named in its manifest', async () => {
  await get('tiny', wholeFolder('tiny-base'));
  const lora = at('tiny-refiner', 'unet/diffusion_pytorch_model.safetensors');
  await get('tiny', [], { loras: [{ url: lora, weight: 0.5 }] });
  const { loras, kind, files } = await readManifest(path.join(modelsDir, 'tiny', 'model.json'));
  assert.deepEqual(loras, [{ file: 'unet/diffusion_pytorch_model.safetensors', weight: 0.5 }]);
  assert.equal(kind, 'base');
  assert.equal(files.length, repositoryFiles('tiny-base').length);
});

test('a wrong hash leaves neither file nor manifest', async () => {
  const url = at('tiny-base', 'unet/diffusion_pytorch_model.safetensors');
  await assert.rejects(get('tiny', [url], { sha256: 'd'.repeat(64) }), /wrong SHA-256: expected dddd/);
  assert.deepEqual(readdirSync(path.join(modelsDir, 'tiny', 'unet')), []);
  assert.deepEqual(readdirSync(path.join(modelsDir, 'tiny')), ['unet']);
});

test('a changed file is found by its hash when the model is prepared', async () => {
  await get('tiny', wholeFolder('tiny-base'));
  const file = path.join(modelsDir, 'tiny', 'vae', 'diffusion_pytorch_model.safetensors');
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  const [model] = await listModels(modelsDir);
  await assert.rejects(prepare(model!), /vae.*safetensors: its SHA-256 is [0-9a-f]{64}, the manifest says/);
});

test('a pickle under the name of safetensors is refused by its content and put aside', async () => {
  await assert.rejects(
    get('odd', [`${server.url}/x/y/resolve/main/weights.safetensors`]),
    /holds a Python pickle/,
  );
  assert.deepEqual(readdirSync(path.join(modelsDir, 'odd')), ['weights.safetensors.refused']);
});

test('several files without model_index.json do not say which is the checkpoint', async () => {
  const two = ['unet', 'vae'].map((part) => at('tiny-base', `${part}/diffusion_pytorch_model.safetensors`));
  await assert.rejects(get('tiny', two), /2 \.safetensors files and no model_index\.json/);
});

test('the place in the repository is kept, and addresses that lead elsewhere are refused', () => {
  const hub = 'https://huggingface.co/org/name/resolve/main';
  assert.equal(pathOf(`${hub}/unet/a%20b.safetensors?download=true`), 'unet/a b.safetensors');
  assert.equal(pathOf('https://host/x/y.safetensors'), 'y.safetensors');
  for (const url of [`${hub}/a.ckpt`, `${hub}/pytorch_model.bin`, `${hub}/a.pt`])
    assert.throws(() => pathOf(url), /Python pickles/);
  for (const url of [`${hub}/..%2f..%2fa.json`, `${hub}/%2fetc/a.json`, `${hub}/.git/a.json`])
    assert.throws(() => pathOf(url), /outside the model's folder/);
  assert.throws(() => pathOf('file:///a.safetensors'), /not an http or https address/);
});

test('names and options that cannot be meant are refused', async () => {
  await assert.rejects(
    get('../up', [at('tiny-base', 'model_index.json')]),
    /"\.\.\/up" is no name for a model/,
  );
  await assert.rejects(get('none', []), /no file has a url/);
  await assert.rejects(
    get('tiny', wholeFolder('tiny-base'), { sha256: 'a'.repeat(64) }),
    /the hash of one file/,
  );
});
