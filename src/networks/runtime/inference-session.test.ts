import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { encodeModel, type Port } from '../../onnx/onnx-proto.ts';
import { after, before } from '../../testing/hooks.ts';
import { type InferenceSession, openInferenceSession } from './inference-session.ts';
import { RuntimeError } from './runtime-error.ts';
import { ownSquare, productChain } from './testing/product-chain.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'inference-session-'));
/** Some milliseconds each. */
const products = 120;
let chain: InferenceSession;

before(async () => {
  chain = await openInferenceSession(productChain(products), { device: 'cpu' });
});
after(async () => {
  await chain.release();
  rmSync(directory, { recursive: true });
});

/** One operator of the standard set, from `x` (and `shape`) to `y`. */
function operator(op: string, inputs: readonly Port[], output: Port, attributes = {}): Uint8Array {
  return encodeModel({
    name: op,
    opsets: { '': 18 },
    inputs,
    outputs: [output],
    initializers: [],
    nodes: [
      {
        ...{ name: op, domain: '', op, attributes },
        inputs: inputs.map(({ name }) => name),
        outputs: [output.name],
      },
    ],
  });
}

const cpu = { device: 'cpu' } as const;

test('timers tick and files are read while a run is under way', async () => {
  let [ticks, reads, isRunning] = [0, 0, true];
  const timer = setInterval(() => ticks++, 5);
  const run = chain.run({ x: ownSquare() }).finally(() => {
    isRunning = false;
  });
  while (isRunning) {
    await readFile(import.meta.filename);
    reads++;
  }
  clearInterval(timer);
  assert.deepEqual((await run).y, ownSquare());
  assert.ok(ticks > 5, `${ticks} ticks`);
  assert.ok(reads > 5, `${reads} reads`);
});

test('a cancelled run ends within one of its operators, with the reason, and the session goes on', async () => {
  const start = performance.now();
  await chain.run({ x: ownSquare() });
  const whole = performance.now() - start;
  for (let round = 0; round < 3; round++) {
    const cancelled = new AbortController();
    const reason = new Error(`cancelled for the ${round}. time`);
    let aborted = 0;
    setTimeout(() => {
      aborted = performance.now();
      cancelled.abort(reason);
    }, whole / 4);
    await assert.rejects(chain.run({ x: ownSquare() }, { signal: cancelled.signal }), reason);
    const late = performance.now() - aborted;
    assert.ok(late < whole / 2, `ended ${late} ms after the cancel, of ${whole} ms in all`);
  }
  assert.deepEqual((await chain.run({ x: ownSquare() })).y, ownSquare());
});

test('a run that is cancelled before its turn never begins, and those behind it do', async () => {
  const cancelled = new AbortController();
  const first = chain.run({ x: ownSquare() });
  const second = chain.run({ x: ownSquare() }, { signal: cancelled.signal });
  const third = chain.run({ x: ownSquare() });
  cancelled.abort(new Error('not wanted any more'));
  await assert.rejects(second, /not wanted any more/);
  assert.deepEqual((await first).y, ownSquare());
  assert.deepEqual((await third).y, ownSquare());
});

test('a release ends the run that is under way, refuses those that wait, and is waited for', async () => {
  const session = await openInferenceSession(productChain(4000), cpu);
  const runs = [session.run({ x: ownSquare() }), session.run({ x: ownSquare() })];
  const refused = runs.map((run) => assert.rejects(run, /the session is released/));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await Promise.all([session.release(), session.release(), ...refused]);
  await assert.rejects(session.run({ x: ownSquare() }), /the session is released/);
});

for (const [way, code] of [
  ['exit', 7],
  ['disconnect', 0],
  ['throw', 1],
  ['release alone', 0],
] as const)
  test(`a process ends with its own code under a run: by ${way}`, async () => {
    const child = fork(path.join(import.meta.dirname, 'testing', 'exit-under-run.ts'), [way], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    assert.deepEqual(await once(child, 'exit'), [code, null]);
  });

test('memory that the machine has not is an error that says so, and the session goes on', async () => {
  const expand = operator(
    'Expand',
    [
      { name: 'x', dataType: 'float32', shape: [1] },
      { name: 'shape', dataType: 'int64', shape: [null] },
    ],
    { name: 'y', dataType: 'float32', shape: [null] },
  );
  const session = await openInferenceSession(expand, { ...cpu, log: 'fatal' });
  const to = (sides: number) => ({
    x: { data: Float32Array.of(3), shape: [1] },
    shape: { data: BigInt64Array.of(BigInt(sides)), shape: [1] },
  });
  // 256 TiB: more than the addresses that a process has.
  await assert.rejects(session.run(to(2 ** 46)), /bad_alloc|[Ff]ailed to allocate memory/);
  assert.deepEqual((await session.run(to(2))).y, { data: Float32Array.of(3, 3), shape: [2] });
  await session.release();
});

test('an error of the runtime has its text and its code', async () => {
  const failing = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => assert.fail('it should fail'),
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof RuntimeError);
    return error;
  };
  const missing = path.join(directory, 'missing.onnx');
  const broken = path.join(directory, 'broken.onnx');
  writeFileSync(broken, 'no model');
  const opened = (model: string | Uint8Array) => failing(openInferenceSession(model, cpu));
  assert.equal((await opened(missing)).code, 'NO_SUCHFILE');
  assert.match((await opened(missing)).message, /missing\.onnx/);
  assert.equal((await opened(broken)).code, 'INVALID_PROTOBUF');
  const wrong = { data: new Float32Array(8), shape: [2, 4] };
  const refused = await failing(chain.run({ x: wrong }));
  assert.equal(refused.code, 'INVALID_ARGUMENT');
  assert.match(refused.message, /Got: 4 Expected: 512/);
});

test('inputs that do not fit are refused by name and number', async () => {
  const { data } = ownSquare();
  await assert.rejects(chain.run({ z: ownSquare() }), /no input z; its inputs are x/);
  await assert.rejects(
    chain.run({ x: { data: data.subarray(1), shape: [512, 512] } }),
    /shape \[512, 512\] holds 262144 values, not 262143/,
  );
});

test('a session knows its inputs and outputs: names, element types, named sides', async () => {
  assert.deepEqual(chain.inputs, [{ name: 'x', type: 'float32', shape: ['rows', 512] }]);
  assert.deepEqual(chain.outputs, [{ name: 'y', type: 'float32', shape: ['rows', 512] }]);
});

for (const [dataType, data] of [
  ['float32', Float32Array.of(1.5, -2, 1e30)],
  ['float16', Float16Array.of(1.5, -2, 1e4)],
  ['int64', BigInt64Array.of(1n, -2n, 2n ** 60n)],
  ['bool', Uint8Array.of(1, 0, 1)],
] as const)
  test(`numbers of ${dataType} come back as they were given`, async () => {
    const port = (name: string) => ({ name, dataType, shape: [null] });
    const session = await openInferenceSession(operator('Identity', [port('x')], port('y')), cpu);
    assert.deepEqual(session.inputs, [{ name: 'x', type: dataType, shape: [''] }]);
    assert.deepEqual((await session.run({ x: { data, shape: [3] } })).y, { data, shape: [3] });
    assert.deepEqual((await session.run({ x: { data: data.slice(0, 0), shape: [0] } })).y?.shape, [0]);
    await session.release();
  });

test('an output is written to the array that is given for it, which must be of its shape', async () => {
  const port = (name: string) => ({ name, dataType: 'float32' as const, shape: [null] });
  const session = await openInferenceSession(operator('Neg', [port('x')], port('y')), cpu);
  const x = { data: Float32Array.of(1, 2, 3), shape: [3] };
  const y = { data: new Float32Array(3), shape: [3] };
  const made = await session.run({ x }, { targets: { y } });
  assert.equal(made.y, y);
  assert.deepEqual(y.data, Float32Array.of(-1, -2, -3));
  const into = (length: number, sides: number) =>
    session.run({ x }, { targets: { y: { data: new Float32Array(length), shape: [sides] } } });
  await assert.rejects(into(2, 2), RuntimeError);
  await assert.rejects(into(4, 3), /shape \[3\] holds 3 values, not 4/);
  assert.deepEqual((await session.run({ x })).y, y);
  await session.release();
});

test('an array that only the run holds is whole until the run has ended', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const run = chain.run({ x: ownSquare() });
  for (let round = 0; round < 20; round++) {
    collect();
    // Would come to lie where the array was.
    new Float32Array(512 * 512).fill(round);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.deepEqual((await run).y, ownSquare());
});

test('runs leave no memory behind, whether they are read or held, good or refused', async () => {
  const port = (name: string) => ({ name, dataType: 'float32' as const, shape: [null] });
  const session = await openInferenceSession(operator('Neg', [port('x')], port('y')), cpu);
  const length = 2 ** 15;
  const rounds = async (count: number) => {
    for (let round = 0; round < count; round++) {
      const x = { data: new Float32Array(length).fill(round), shape: [length] };
      assert.equal((await session.run({ x })).y?.data[0], -round);
      for (const value of Object.values(await session.runHeld({ x }))) value.release();
      await assert.rejects(session.run({ x: { ...x, shape: [1, length] } }));
    }
  };
  await rounds(100);
  const before = process.memoryUsage.rss();
  await rounds(600);
  const grown = (process.memoryUsage.rss() - before) / 2 ** 20;
  // What a leak of one of the four tensors of a round would come to: 75 MiB.
  assert.ok(grown < 50, `${grown} MiB`);
  await session.release();
});
