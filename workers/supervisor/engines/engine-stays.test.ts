import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../../../src/config/config.ts';
import type { Log } from '../../../src/jobs/log.ts';
import { createWithdrawnCheckpoints } from '../checkpoints/withdrawn-checkpoints.ts';
import { beginStays } from './engine-stays.ts';

/** Stays of an engine of workers/testing, and how often one was said to be tried once more. */
function stays(engine: string) {
  const said: string[] = [];
  const note = (...given: unknown[]) => void said.push(String(given.at(-1)));
  const log: Log = { info: note, warn: note, error: note };
  const begun = beginStays({
    ...{ engineFile: path.join(import.meta.dirname, '../../testing', engine), config: readConfig({}), log },
    withdrawn: createWithdrawnCheckpoints({ onChange: () => undefined }),
    onUp: () => undefined,
    onDown: () => undefined,
    onResidency: () => undefined,
    onHopeless: () => undefined,
  });
  return { begun, triedAgain: () => said.filter((line) => line.includes('one checkpoint after the other')) };
}

test('after an engine that died under its loading one comes that loads in turn', async () => {
  const { begun, triedAgain } = stays('crowded-engine.ts');
  const engine = await (await begun).current().engine;
  assert.ok(engine.resident().size > 0);
  assert.equal(triedAgain().length, 1);
  await (await begun).close();
});

test('an engine that says what it cannot load is not started again', async () => {
  const { begun, triedAgain } = stays('refusing-engine.ts');
  await assert.rejects(begun, /cross_attention_dim is missing/);
  assert.equal(triedAgain().length, 0);
});
