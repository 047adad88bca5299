import { readFileSync } from 'node:fs';

/** A call of the CUDA runtime as the fake one logs it. */
export interface Call {
  readonly thread: string;
  readonly name: string;
  /** Of an allocation or a copy: bytes, and what is in use or which way. */
  readonly numbers: readonly number[];
}

/** The calls of a scenario by its steps, and before the first of them (''). */
export type Steps = ReadonlyMap<string, readonly Call[]>;

/** @param log of the fake runtime, with the steps in a file of its name and ".marks". */
export function readSteps(log: string): Steps {
  const lines = (file: string) => readFileSync(file, 'utf8').trimEnd().split('\n');
  const calls = lines(log).map((line) => {
    const [thread, name, ...numbers] = line.split(' ');
    return { thread: thread!, name: name!, numbers: numbers.map(Number) };
  });
  const marks = lines(`${log}.marks`).map((line) => {
    const space = line.indexOf(' ');
    return { at: Number(line.slice(0, space)), step: line.slice(space + 1) };
  });
  const starts = [{ at: 0, step: '' }, ...marks];
  return new Map(starts.map(({ at, step }, index) => [step, calls.slice(at, starts[index + 1]?.at)]));
}

/** What a scenario found out that the log of CUDA's calls does not show. */
export type Findings = Readonly<Record<string, number | string>>;

/** Says where in the log of calls the scenario is. */
export type Mark = (step: string) => void;

/** Calls of these names. */
export function named(calls: readonly Call[], ...names: readonly string[]): Call[] {
  return calls.filter(({ name }) => names.includes(name));
}
