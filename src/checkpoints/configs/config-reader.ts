import { CheckpointError } from '../checkpoint-error.ts';
import type { JsonObject } from '../json-file.ts';

/**
 * Typed access to one config.json; a key that is absent takes the default of the library that wrote the file.
 */
export interface ConfigReader {
  integer(key: string, fallback?: number): number;
  number(key: string, fallback?: number): number;
  boolean(key: string, fallback?: boolean): boolean;
  /** A string out of `values`. */
  oneOf<Value extends string>(key: string, values: readonly Value[], fallback?: Value): Value;
  /** A non-empty array of strings out of `values`. */
  listOf<Value extends string>(key: string, values: readonly Value[], fallback?: readonly Value[]): Value[];
  /** A non-empty array of positive integers. */
  integers(key: string, fallback?: readonly number[]): number[];
  /** One positive integer for all of `count` levels, or an array of one each. */
  perLevel(key: string, count: number, fallback?: number): number[];
  /**
   * Refuses every value but `supported` (null counts as absent; absent means `fallback`, by default
   * `supported`).
   */
  only(key: string, supported: unknown, fallback?: unknown): void;
  /** The value as it stands, undefined where absent. */
  raw(key: string): unknown;
  fail(key: string, problem: string): never;
}

/** @throws CheckpointError naming file, key and value, from every method. */
export function configReader(config: JsonObject, file: string): ConfigReader {
  const raw = (key: string): unknown => (Object.hasOwn(config, key) ? config[key] : undefined);
  const fail = (key: string, problem: string): never => {
    throw new CheckpointError(`${file}: ${key} is ${JSON.stringify(raw(key)) ?? 'absent'}; ${problem}`);
  };
  const read = <Value>(
    key: string,
    fallback: Value | undefined,
    accepts: (value: unknown) => boolean,
    expected: string,
  ): Value => {
    const value = raw(key) === undefined ? fallback : raw(key);
    return accepts(value) ? (value as Value) : fail(key, `it must be ${expected}`);
  };
  const isPositive = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0;
  const isList = (value: unknown, accepts: (item: unknown) => boolean) =>
    Array.isArray(value) && value.length > 0 && value.every(accepts);

  return {
    raw,
    fail,
    integer: (key, fallback) => read(key, fallback, Number.isSafeInteger, 'an integer'),
    number: (key, fallback) => read(key, fallback, Number.isFinite, 'a number'),
    boolean: (key, fallback) => read(key, fallback, (value) => typeof value === 'boolean', 'true or false'),
    oneOf: (key, values, fallback) =>
      read(key, fallback, (value) => (values as readonly unknown[]).includes(value), `one of ${values}`),
    listOf: (key, values, fallback) =>
      read(
        key,
        fallback && [...fallback],
        (value) => isList(value, (item) => (values as readonly unknown[]).includes(item)),
        `an array of ${values}`,
      ),
    integers: (key, fallback) =>
      read(
        key,
        fallback && [...fallback],
        (value) => isList(value, isPositive),
        'an array of positive integers',
      ),
    perLevel: (key, count, fallback) => {
      const value = read<number | number[]>(
        key,
        fallback,
        (candidate) => isPositive(candidate) || isList(candidate, isPositive),
        'a positive integer or an array of them',
      );
      const levels = typeof value === 'number' ? Array<number>(count).fill(value) : value;
      return levels.length === count ? levels : fail(key, `the network has ${count} levels`);
    },
    only: (key, supported, fallback = supported) => {
      const value = raw(key) ?? fallback;
      if (value !== supported) fail(key, `only ${JSON.stringify(supported)} is supported`);
    },
  };
}
