import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { documentedSchemas } from '../../src/client/testing/documented-schemas.ts';

/**
 * Writes the types of src/client from the OpenAPI document: `npm run client:types`. The tool is fetched for
 * the purpose: it stands on TypeScript 5, and beside the one in use here npm refuses to install it.
 */

const tools = ['openapi-typescript@7.13.0', 'typescript@5.9.3'];
const target = path.resolve(import.meta.dirname, '../../src/client/schemas.ts');

const folder = mkdtempSync(path.join(tmpdir(), 'client-types-'));
try {
  const { document, digest } = documentedSchemas();
  const [input, output] = ['openapi.json', 'schemas.ts'].map((name) => path.join(folder, name));
  writeFileSync(input!, document);
  const packages = tools.flatMap((tool) => ['--package', tool]);
  // Fields with a default may be left out of a request.
  const options = ['-o', output!, '--default-non-nullable=false'];
  execFileSync('npx', ['--yes', ...packages, 'openapi-typescript', input!, ...options], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const types = /export interface components \{\n[\s\S]*?\n\}\n/.exec(readFileSync(output!, 'utf8'))?.[0];
  if (types === undefined) throw new Error('openapi-typescript has written no components');
  writeFileSync(
    target,
    `/**
 * Bodies of the HTTP API, made from its OpenAPI document by ${tools[0]}: \`npm run client:types\`.
 * Digest of the document: ${digest}
 */

${types.replace('interface components', 'interface Components').replaceAll('components["', 'Components["')}`,
  );
  const biome = path.resolve(import.meta.dirname, '../../node_modules/.bin/biome');
  execFileSync(biome, ['check', '--write', target], { stdio: 'inherit' });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
