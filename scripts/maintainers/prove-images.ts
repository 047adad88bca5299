/**
 * Builds the images `gateway` and `worker` of the Dockerfile with buildah on a base that debootstrap makes
 * (there is no registry of images where this runs), looks at what is in them, and starts both as the compose
 * file does: root read-only, another user than root, /tmp alone to write in. They make a picture, and their
 * health checks pass. Needs root, buildah, debootstrap and redis-server (Debian); 5 to 10 minutes.
 *
 *     node scripts/maintainers/prove-images.ts [--work FOLDER]
 *
 * `worker-cuda` is not built: its base is NVIDIA's.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../../src/testing/free-port.ts';
import { makeBase } from './images/base.ts';
import { type Builder, builder, type Image } from './images/build.ts';
import { complaintsAbout } from './images/contents.ts';
import { inImage, startIn } from './images/run-in.ts';

const root = path.resolve(import.meta.dirname, '../..');
const { values } = parseArgs({ options: { work: { type: 'string' } } });
/** With --work a second run takes the base and the layers of the first. */
const work = values.work ?? mkdtempSync('/var/tmp/sdxl-images-');
mkdirSync(work, { recursive: true });

const children: ChildProcess[] = [];
let images: Builder | undefined;
const say = (line: string): void => console.log(line);

async function until<Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value> {
  const end = performance.now() + 180_000;
  while (performance.now() < end) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`${what}: not within 180 s`);
}

function look({ name, folder }: Image): void {
  const files = execFileSync('find', ['app', '-not', '-type', 'd'], { cwd: folder, encoding: 'utf8' });
  const list = files.split('\n').filter((file) => file !== '');
  assert.deepEqual(complaintsAbout(list), [], name);
  say(`${name}: ${list.length} files in /app; no tests, no development dependencies, no secrets`);
}

async function makePicture(gateway: Image, worker: Image): Promise<void> {
  const [redisPort, port] = [await freePort(), await freePort()];
  const address = `redis://127.0.0.1:${redisPort}`;
  children.push(
    spawn('redis-server', ['--port', String(redisPort), '--save', '', '--maxmemory-policy', 'noeviction'], {
      stdio: 'ignore',
    }),
  );
  const env = { REDIS_URL: address, PORT: String(port), DATA_DIR: '/tmp' };
  children.push(startIn(worker, env), startIn(gateway, env));
  const url = `http://127.0.0.1:${port}`;
  await until('the service', async () => ((await fetch(`${url}/readyz`)).ok ? true : undefined));
  const [key] = inImage(gateway, ['node', 'scripts/cli/keys.ts', 'create', '--name', 'me'], env).match(
    /SG_\w+/,
  )!;
  const answer = await fetch(`${url}/v1/sdxl-torch`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: 'a red circle left of a blue star' }),
  });
  const picture = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200, picture.toString('utf8', 0, 300));
  assert.equal(picture.toString('latin1', 0, 2), '\xff\xd8');
  say(`a picture of ${picture.length} bytes from both images, root read-only, user ${gateway.user}`);
  for (const image of [gateway, worker]) {
    inImage(image, image.healthcheck, env);
    say(`${image.name}: its health check passes`);
  }
  assert.throws(() => inImage(gateway, ['touch', '/app/x'], env), /Read-only file system/);
  assert.equal(inImage(worker, ['id', '-u'], env).trim(), '1000');
  say('the gateway cannot write into its root, the worker is user 1000');
}

try {
  if (!existsSync(path.join(work, 'base/etc'))) await makeBase(path.join(work, 'base'), root);
  images = builder(root, work);
  const [gateway, worker] = [images.build('gateway'), images.build('worker')];
  for (const image of [gateway, worker]) look(image);
  await makePicture(gateway, worker);
} finally {
  for (const child of children) {
    const ended = child.exitCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGTERM');
    await ended;
  }
  images?.close();
  if (values.work === undefined) rmSync(work, { recursive: true, force: true });
}
