import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { deniedPrompt, readContentPolicy } from './content-policy.ts';

const root = mkdtempSync(path.join(tmpdir(), 'content-policy-'));
after(() => rmSync(root, { recursive: true }));

function list(content: string): string {
  const file = path.join(root, 'deny.txt');
  writeFileSync(file, content);
  return file;
}

test('a prompt that the list denies is refused without naming the term', async () => {
  const refusal = (await readContentPolicy(list('forbidden\n')))!;
  assert.equal(refusal('a Forbidden fruit'), deniedPrompt);
  assert.doesNotMatch(deniedPrompt, /forbidden/i);
  assert.equal(refusal('a fruit'), undefined);
});

test('without a list there is no policy', async () => {
  assert.equal(await readContentPolicy(undefined), undefined);
});

test('a list that is wrong or missing is refused by its name', async () => {
  await assert.rejects(readContentPolicy(list('fine\n/(/')), /deny\.txt: line 2: /);
  await assert.rejects(
    readContentPolicy(path.join(root, 'none.txt')),
    /CONTENT_DENY_LIST: .*none\.txt cannot be read/,
  );
});
