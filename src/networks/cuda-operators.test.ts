import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutCpuKernel } from '../graphs/testing/expand-fused.ts';
import { operatorCases, operatorModel } from '../graphs/testing/operator-cases.ts';
import { oracleNumbers } from './testing/oracle-inputs.ts';
import { relativeDifference, run, runExpanded } from './testing/run-expanded.ts';

const tolerance = 2e-6;

for (const one of operatorCases) {
  const hasKernel = !(withoutCpuKernel as readonly string[]).includes(one.op);
  test(`${one.title}: ${hasKernel ? "ONNX Runtime's own kernel" : 'standard operators in its place'} and the reference agree`, async () => {
    const inputs = Object.fromEntries(
      Object.entries(one.inputs).map(([name, shape], salt) => [
        name,
        { data: oracleNumbers(shape, salt), shape },
      ]),
    );
    const actual = await runExpanded({ model: operatorModel(one), folder: '.' }, 'float32', inputs);
    const names = one.results.filter((name) => name !== '');
    for (const [index, { data }] of one.expected(inputs).entries()) {
      const difference = relativeDifference(actual[names[index]!]!, data);
      assert.ok(difference < tolerance, `${names[index]} differs by ${difference}`);
    }
  });
}

for (const op of withoutCpuKernel) {
  test(`the CPU refuses ${op} by name instead of computing it in some other way`, async () => {
    const one = operatorCases.find((candidate) => candidate.op === op)!;
    await assert.rejects(
      run(operatorModel(one), '.', {}),
      new RegExp(`Could not find an implementation for ${op}\\(1\\)`),
    );
  });
}
