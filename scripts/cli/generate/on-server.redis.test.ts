import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { picture, startTestService, type TestService } from '../../../src/gateway/testing/service.ts';

let service: TestService;
let url: string;
let folder: string;
before(async () => {
  service = await startTestService({ publicUrl: undefined });
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
