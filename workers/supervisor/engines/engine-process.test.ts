import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { readConfig } from '../../../src/config/config.ts';
import type { JobError } from '../../../src/jobs/job-error.ts';
import { bounded, fakeRequest, silentLog } from '../../testing/queue.ts';
import { type EngineProcess, type RunContext, startEngine } from './engine-process.ts';

const engineFile = path.join(import.meta.dirname, '../../testing/engine.ts');

async function engineOf(t: TestContext): Promise<EngineProcess> {
  const engine = await startEngine({ engineFile, config: readConfig({}), log: silentLog });
  t.after(() => engine.stop());
  return engine;
}

/** How it ended, if it has. */
const stateOf = ({ ended }: EngineProcess) => Promise.race([ended, setImmediate('alive')]);

const context = (): RunContext => ({
  inputImage: undefined,
  signal: new AbortController().signal,
  progress: () => undefined,
});

const run = (engine: EngineProcess, prompt: string) => engine.run(fakeRequest(prompt), context());

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

test('a request begins while the pictures of the one before are encoded, and both are what they are alone', async (t) => {
  const engine = await engineOf(t);
  const alone = [await run(engine, 'first encodeMs=1'), await run(engine, 'second')];
  const order: string[] = [];
  const computed = Promise.withResolvers<void>();
  const first = engine
    .run(fakeRequest('first encodeMs=1500'), { ...context(), computed: computed.resolve })
    .finally(() => order.push('first'));
  await computed.promise;
  const second = run(engine, 'second').finally(() => order.push('second'));
  await Promise.all([first, second]);
  assert.deepEqual(order, ['second', 'first']);
  assert.deepEqual((await second).pictures, alone[1]!.pictures);
  assert.equal((await first).pictures.length, 1);
});

test('a request that is encoded is cancelled alone, and is not to blame for an engine that the next one ends', async (t) => {
  const engine = await engineOf(t);
  /** Resolves once it has computed, with what becomes of it. */
  const begin = async (prompt: string, { signal } = new AbortController()) => {
    const computed = Promise.withResolvers<void>();
    const error = engine.run(fakeRequest(prompt), { ...context(), signal, computed: computed.resolve }).then(
      () => undefined,
      (error: JobError) => error,
    );
    await computed.promise;
    return { error };
  };
  const cancelled = new AbortController();
  const first = await begin('encodeMs=60000', cancelled);
  const second = run(engine, 'second');
  cancelled.abort();
  await second;
  assert.match(String(await first.error), /cancelled/);

  const third = await begin('encodeMs=60000');
  await assert.rejects(run(engine, 'crashAt=2'), (error: JobError) => !error.blameless);
  const told = await third.error;
  assert.ok(told?.retryable && told.blameless, String(told));
});

test('a failure of the request leaves the engine alive', bounded, async (t) => {
  const engine = await engineOf(t);
  await assert.rejects(run(engine, 'failAt=2'), { message: 'the latents after step 2 hold NaN' });
  assert.equal(await stateOf(engine), 'alive');
});
