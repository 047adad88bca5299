import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readBlocks } from './blocks.ts';

const page = (...lines: string[]) => lines.join('\n');

test('blocks of commands are found in order, with what a comment before them says', () => {
  const blocks = readBlocks(
    page(
      'Text.',
      '```sh',
      'npm ci',
      '```',
      '<!-- check: server -->',
      '```sh',
      'npm start',
      '```',
      '```ts',
      'not a command',
      '```',
      '<!-- check: not here, it needs a Docker engine -->',
      '',
      '```sh',
      'docker compose up',
      '```',
    ),
  );
  assert.deepEqual(
    blocks.map(({ text, line, manner }) => [text, line, manner]),
    [
      ['npm ci', 2, { kind: 'run' }],
      ['npm start', 6, { kind: 'server' }],
      ['docker compose up', 14, { kind: 'not here', reason: 'it needs a Docker engine' }],
    ],
  );
});

test('a comment holds for the block right behind it alone', () => {
  const [block] = readBlocks(page('<!-- check: fails -->', 'Words between.', '```sh', 'true', '```'));
  assert.deepEqual(block!.manner, { kind: 'run' });
});

test('an unknown comment and a block without an end are errors that name the line', () => {
  assert.throws(() => readBlocks(page('<!-- check: maybe -->', '```sh', 'true', '```')), /line 2: .*"maybe"/);
  assert.throws(() => readBlocks(page('', '```sh', 'true')), /line 2: the block has no end/);
});
