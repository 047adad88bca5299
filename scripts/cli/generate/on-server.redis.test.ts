import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { picture, startTestService, type TestService } from '../../../src/gateway/testing/service.ts';
import { after, before } from '../../../src/testing/hooks.ts';

let service: TestService;
let url: string;
let folder: string;
before(async () => {
  service = await startTestService({ publicUrl: undefined }, undefined, {
    loras: { usable: [{ name: 'styles/ink', kind: 'lora', trigger_words: [] }], broken: [] },
  });
  url = await service.app.listen({ host: '127.0.0.1', port: 0 });
  folder = await mkdtemp(path.join(tmpdir(), 'generate-'));
});
after(async () => {
  await service.close();
  await rm(folder, { recursive: true, force: true });
});

const generate = (...args: string[]) =>
  promisify(execFile)(
    process.execPath,
    [path.resolve(import.meta.dirname, '../generate.ts'), '--url', url, ...args],
    {
      cwd: folder,
      env: { ...process.env, SDXL_API_KEY: service.key },
    },
  );

test('generate --url has a server make the pictures and writes them beside each other', async () => {
  const { stdout } = await generate('--prompt', 'x', '--seed', '11', '--samples', '2', '--out', 'a.png');
  assert.match(stdout, /^a\.png {2}seed 11 .*\na-1\.png {2}seed 12 /);
  assert.equal(await readFile(path.join(folder, 'a-1.png'), 'utf8'), 'picture of seed 12');
  assert.equal(service.started.at(-1)!.outputFormat, 'png');

  await writeFile(path.join(folder, 'in.png'), await picture(64, 72));
  await generate('--prompt', 'x', '--image', 'in.png', '--strength', '0.3', '--seed', '1');
  const { endpoint, strength } = service.started.at(-1)!;
  assert.deepEqual([endpoint, strength], ['sdxl-img2img', 0.3]);
});

test('generate --url ends with the words of the server where it refuses', async () => {
  await assert.rejects(
    generate('--prompt', 'x', '--steps', '7'),
    (error: { stderr: string; code: number }) => {
      assert.equal(error.code, 1);
      assert.match(error.stderr, /num_inference_steps must be an integer from 20 to 100, got "7"/);
      return true;
    },
  );
});

test('generate --url takes a model that the server has, and LoRAs with weights', async () => {
  const loras = ['--lora', 'styles/ink@0.5'];
  await generate('--prompt', 'x', '--model', 'juggernaut', ...loras, '--out', 'b.png');
  const request = service.started.at(-1)!;
  assert.ok(request.endpoint === 'sdxl-torch');
  assert.deepEqual(
    [request.model, request.refiner, request.loras],
    ['juggernaut', false, [{ name: 'styles/ink', weight: 0.5 }]],
  );
});

test('generate --url --batch makes each line of a file and tells what came to nothing', async () => {
  await mkdir(path.join(folder, 'made'));
  const lines = [
    { prompt: 'a', seed: 5, custom_id: 'a/b' },
    { prompt: 'NaN' },
    { prompt: 'c', seed: 7, samples: 2 },
  ];
  const file = path.join(folder, 'lines.jsonl');
  await writeFile(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  const failed = await generate('--batch', file, '--out', 'made').catch((error: unknown) => error);
  const { code, stdout } = failed as { code: number; stdout: string };
  assert.equal(code, 1, String(failed));
  assert.match(stdout, /^line 2: The latents contain NaN$/m);
  assert.deepEqual((await readdir(path.join(folder, 'made'))).sort(), [
    '0001-a_b-0.jpg',
    '0003-0.jpg',
    '0003-1.jpg',
  ]);
  assert.equal(await readFile(path.join(folder, 'made', '0003-1.jpg'), 'utf8'), 'picture of seed 8');

  await writeFile(file, '{"prompt": "a"}\n\n{"prompt": 7}');
  await assert.rejects(generate('--batch', file), /line 3: Prompt is Mandatory and must be string/);
});
