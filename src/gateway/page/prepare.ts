import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { serialize } from 'node:v8';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { packageRoot } from '../../process/package-root.ts';
import { importPattern, type PreparedFile, type PreparedFiles } from './page-files.ts';

/**
 * The process that makes src/playground fit for browsers: types are taken out of its modules, packages they
 * import get an address, and what is text is compressed. There is no bundle: modules are served one by one.
 */

const directory = path.join(packageRoot, 'src/playground');
/** What the page calls the service with, served beside its own modules. */
const client = path.join(packageRoot, 'src/client');

/** Packages that the page's modules import, as files at the top. */
const packages: Readonly<Record<string, string>> = {
  preact: 'preact.js',
  'preact/hooks': 'preact-hooks.js',
  htm: 'htm.js',
};

const contentTypes: Readonly<Record<string, string>> = {
  '.ts': 'text/javascript; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
};

/** A module's packages as files. @throws Error naming a package that is not among them. */
function withAddresses(code: string, file: string): string {
  return code.replace(importPattern, (statement: string, before: string, specifier: string) => {
    const toTop = '../'.repeat(file.split('/').length - 1) || './';
    // On disk it lies beside the page, served it lies within.
    const ofClient = /^(?:\.\.\/)+(client\/.*)$/.exec(specifier)?.[1];
    if (ofClient !== undefined) return `${before}'${toTop}${ofClient}'`;
    if (specifier.startsWith('.')) return statement;
    const name = packages[specifier];
    if (name === undefined) throw new Error(`${file} imports ${specifier}, which the page does not have`);
    return `${before}'${toTop}${name}'`;
  });
}

/** What of a folder browsers get. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((each) => each.split(path.sep).join('/'))
    .filter((name) => !name.startsWith('testing/') && !name.endsWith('.test.ts'))
    .filter((name) => contentTypes[path.extname(name)] !== undefined)
    .sort();
}

function sources(): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const [specifier, name] of Object.entries(packages)) {
    const file = new URL(import.meta.resolve(specifier));
    const code = readFileSync(file, 'utf8').replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n');
    found.set(name, Buffer.from(withAddresses(code, name)));
  }
  for (const [folder, prefix] of [
    [directory, ''],
    [client, 'client/'],
  ] as const)
    for (const name of filesIn(folder)) {
      const bytes = readFileSync(path.join(folder, name));
      const served = prefix + name;
      if (!name.endsWith('.ts')) found.set(served, bytes);
      else {
        const code = stripTypeScriptTypes(bytes.toString('utf8'));
        found.set(served, Buffer.from(withAddresses(code, served)));
      }
    }
  return found;
}

function prepared(name: string, bytes: Buffer): PreparedFile {
  const contentType = contentTypes[path.extname(name)]!;
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
  if (name.endsWith('.webp')) return { contentType, etag, bytes };
  const br = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  return { contentType, etag, bytes, br, gzip: gzipSync(bytes, { level: 9 }) };
}

const files = new Map([...sources()].map(([name, bytes]) => [name, prepared(name, bytes)]));
const hash = createHash('sha256');
for (const [name, { etag }] of files) hash.update(`${name} ${etag}\n`);
process.stdout.write(serialize({ files, version: hash.digest('hex').slice(0, 16) } satisfies PreparedFiles));
