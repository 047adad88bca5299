/**
 * `npm pack` runs this before and after it makes the package: Node runs no TypeScript below node_modules, so
 * the package holds `dist`, compiled, and a package.json of its own.
 *
 *     node scripts/maintainers/npm-package.ts prepack | postpack
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fillDist } from './npm-package/fill-dist.ts';
import { type Manifest, packedManifest } from './npm-package/manifest.ts';

const root = path.resolve(import.meta.dirname, '../..');
const manifestFile = path.join(root, 'package.json');
/** The checkout's own, while the package's stands in its place. */
const keptFile = path.join(root, 'package.json.checkout');

function restore(): void {
  if (existsSync(keptFile)) renameSync(keptFile, manifestFile);
}

function prepare(): void {
  // A pack that was broken off.
  restore();
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  const tsc = path.join(root, 'node_modules/.bin/tsc');
  for (const project of ['src/client', 'scripts/maintainers/npm-package'])
    execFileSync(tsc, ['-p', project], { cwd: root, stdio: 'inherit' });
  fillDist(root);
  const text = readFileSync(manifestFile, 'utf8');
  const packed = packedManifest(JSON.parse(text) as Manifest);
  writeFileSync(keptFile, text);
  writeFileSync(manifestFile, `${JSON.stringify(packed, null, 2)}\n`);
}

const [step] = process.argv.slice(2);
if (step === 'prepack') prepare();
else if (step === 'postpack') restore();
else throw new Error(`"${step}" is neither prepack nor postpack`);
