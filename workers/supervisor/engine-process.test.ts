import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { readConfig } from '../../src/config/config.ts';
import { fakeRequest, silentLog } from '../testing/queue.ts';
import { type EngineProcess, startEngine } from './engine-process.ts';

const bounded = { timeout: 60_000 };
const engineFile = path.join(import.meta.dirname, '../testing/engine.ts');

async function engineOf(t: TestContext): Promise<EngineProcess> {
  const engine = await startEngine({ engineFile, config: readConfig({}), log: silentLog });
  t.after(() => engine.stop());
  return engine;
}

/** How it ended, if it has. */
const stateOf = ({ ended }: EngineProcess) => Promise.race([ended, setImmediate('alive')]);

const run = (engine: EngineProcess, prompt: string) =>
  engine.run(fakeRequest(prompt), {
    inputImage: undefined,
    signal: new AbortController().signal,
    progress: () => undefined,
  });

for (const [what, prompt, told] of [
  ['a failed device', 'deviceAt=2', 'The device failed while it worked on this request'],
  ['exhausted memory', 'tight room=0', 'The device has not enough memory for this request'],
] as const)
  test(
    `${what} is told once its engine has ended, so that no other request is sent there`,
    bounded,
    async (t) => {
      const engine = await engineOf(t);
      await assert.rejects(run(engine, prompt), { message: told });
      assert.equal(await stateOf(engine), 'signal SIGKILL');
    },
  );

test(
  'checkpoints that cannot be loaded beside others are told once the engine has ended',
  bounded,
  async (t) => {
    const engine = await engineOf(t);
    await assert.rejects(engine.load(['broken']), /broken/);
    assert.notEqual(await stateOf(engine), 'alive');
  },
);

test('a failure of the request leaves the engine alive', bounded, async (t) => {
  const engine = await engineOf(t);
  await assert.rejects(run(engine, 'failAt=2'), { message: 'the latents after step 2 hold NaN' });
  assert.equal(await stateOf(engine), 'alive');
});
