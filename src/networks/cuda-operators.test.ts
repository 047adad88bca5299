import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutCpuKernel } from '../graphs/testing/expand-fused.ts';
import { type OperatorCase, operatorCases, operatorWork } from '../graphs/testing/operator-cases.ts';
import { oracleNumbers } from './testing/oracle-inputs.ts';
import { relativeDifference, run, runExpanded } from './testing/run-expanded.ts';

const tolerance = 2e-6;

const oracleInputs = ({ inputs }: OperatorCase) =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, shape], salt) => [name, { data: oracleNumbers(shape, salt), shape }]),
  );

for (const one of operatorCases) {
  const hasKernel = !(withoutCpuKernel as readonly string[]).includes(one.op);
  test(`${one.title}: ${hasKernel ? "ONNX Runtime's own kernel" : 'standard operators in its place'} and the reference agree`, async () => {
    const inputs = oracleInputs(one);
    const { model, feeds } = operatorWork(one, inputs);
    const actual = await runExpanded({ model, folder: '.' }, 'float32', feeds);
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
    const { model, feeds } = operatorWork(one, oracleInputs(one));
    await assert.rejects(
      run(model, '.', feeds),
      new RegExp(`Could not find an implementation for ${op}\\(1\\)`),
    );
  });
}
