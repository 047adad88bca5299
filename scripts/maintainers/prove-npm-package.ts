/**
 * Packs, installs into an empty folder, starts, makes a picture, ends: what somebody does who has the npm
 * package alone. Fetches the dependencies (1 to 2 minutes).
 *
 *     node scripts/maintainers/prove-npm-package.ts [--keep]
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../../src/testing/free-port.ts';
import { packedFiles } from './npm-package/packed-files.ts';

const root = path.resolve(import.meta.dirname, '../..');
const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
/** Not below a folder with a package.json, which npx would take for the project. */
const folder = mkdtempSync('/var/tmp/sdxl-server-package-');
const patienceMs = 300_000;
const say = (line: string): void => console.log(line);

/** As a newcomer's shell has it: without what npm has put before the PATH here. */
const env: NodeJS.ProcessEnv = {
  ...{ HOME: process.env.HOME, npm_config_cache: process.env.npm_config_cache },
  PATH: process.env
    .PATH!.split(':')
    .filter((place) => !place.includes('node_modules'))
    .join(':'),
};

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { cwd: folder, env, encoding: 'utf8' });
}

async function within<Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value> {
  const until = performance.now() + patienceMs;
  while (performance.now() < until) {
    const found = await look();
    if (found !== undefined) return found;
    await setTimeout(200);
  }
  throw new Error(`${what}: not within ${patienceMs / 1000} s`);
}

/** Ids of processes that run something of this folder's installation. */
function processesOf(marker: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => {
      try {
        return readFileSync(`/proc/${id}/environ`, 'utf8').includes(marker);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** npm has packed what the tests hold it to. */
function proveFiles(tarball: string): void {
  const { files } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { files: string[] };
  const packed = run('tar', '-tzf', tarball)
    .split('\n')
    .flatMap((line) => (line === '' ? [] : line.replace(/^package\//, '')))
    .sort();
  assert.deepEqual(packed, packedFiles(root, files));
  const bytes = statSync(path.join(folder, tarball)).size;
  say(`${tarball}: ${(bytes / 1e6).toFixed(1)} MB, ${packed.length} files, those that the test expects`);
}

async function proveStart(tarball: string, signal: NodeJS.Signals): Promise<void> {
  const port = await freePort();
  const marker = `PROOF=${path.basename(folder)}`;
  const began = performance.now();
  const npx = spawn('npx', ['--yes', `./${tarball}`, 'start'], {
    cwd: folder,
    env: { ...env, PORT: String(port), PROOF: path.basename(folder) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  npx.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = once(npx, 'exit');
  try {
    const key = await within('a key', async () => {
      if (npx.exitCode !== null) throw new Error(`npx has ended:\n${output}`);
      return /API key, shown only this once: (\S+)/.exec(output)?.[1];
    });
    say(`npx ./${tarball} start: up after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    const url = `http://127.0.0.1:${port}`;
    const headers = { 'x-api-key': key, 'content-type': 'application/json' };
    const body = JSON.stringify({ prompt: 'a red circle left of a blue star' });
    const answer = await fetch(`${url}/v1/sdxl-torch`, { method: 'POST', headers, body });
    const picture = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== 200 || picture.toString('latin1', 0, 2) !== '\xff\xd8')
      throw new Error(`no picture: ${answer.status}`);
    writeFileSync(path.join(folder, 'picture.jpg'), picture);
    say(`a picture of ${picture.length} bytes`);
    for (const page of ['/', '/admin', '/lab', '/docs', '/openapi.json']) {
      const { status } = await fetch(url + page);
      if (status !== 200) throw new Error(`${page}: ${status}`);
    }
    say('the pages are there');
  } finally {
    npx.kill(signal);
    await ended;
  }
  await within('the end', async () => (processesOf(marker).length === 0 ? true : undefined));
  say(`${signal} to npx ends all of it`);
  // The next start makes its first key again.
  rmSync(path.join(folder, 'data'), { recursive: true });
}

/** What to do next is said as it can be typed here. */
function proveMessages(tarball: string): void {
  const usage = run('npx', '--yes', `./${tarball}`, 'models', '--help');
  assert.match(usage, new RegExp(`^npx ${path.join(folder, tarball)} models COMMAND\n`));
  say(usage.split('\n')[0]!);
}

function proveInstalled(tarball: string): void {
  writeFileSync(path.join(folder, 'package.json'), '{"type": "module"}');
  run('npm', 'install', '--no-audit', '--no-fund', `./${tarball}`);
  const sdxlServer = path.join(folder, 'node_modules/.bin/sdxl-server');
  run(sdxlServer, 'generate', '--prompt', 'a blue star', '--out', 'star.png');
  if (!readFileSync(path.join(folder, 'star.png')).subarray(1, 4).equals(Buffer.from('PNG')))
    throw new Error('star.png is no picture');
  run(sdxlServer, 'models', 'list');
  assert.match(run(sdxlServer, 'models', '--help'), /^npx sdxl-server models COMMAND\n/);
  run(sdxlServer, 'schedulers');
  run(sdxlServer, 'prompt', 'a (red:1.3) fox');
  writeFileSync(
    path.join(folder, 'client.js'),
    `import { createClient } from 'sdxl-server/client';\ncreateClient({ baseUrl: 'http://a' });\n`,
  );
  run('node', 'client.js');
  say('npm install: sdxl-server generate, models, schedulers, prompt and the client run');
}

try {
  execFileSync('npm', ['pack', '--pack-destination', folder], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [tarball] = readdirSync(folder);
  proveFiles(tarball!);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) await proveStart(tarball!, signal);
  proveMessages(tarball!);
  proveInstalled(tarball!);
} finally {
  if (values.keep) say(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
