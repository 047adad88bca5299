import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { documentedSchemas } from './testing/documented-schemas.ts';

test("the client's types are those of the OpenAPI document (npm run client:types writes them)", () => {
  const written = readFileSync(new URL('schemas.ts', import.meta.url), 'utf8');
  assert.equal(/^ \* Digest of the document: (\w+)$/m.exec(written)?.[1], documentedSchemas().digest);
});
