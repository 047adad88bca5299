import { CheckpointError } from '../checkpoint-error.ts';
import type { JsonObject } from '../json-file.ts';

/** No published network has a number near this; larger ones would be reserved before they are refused. */
const largestInteger = 2 ** 20;
/** Levels of a network: a side of 2 ** 15 pixels per latent. */
const mostLevels = 16;

/**
 * Typed access to one config.json; a key that is absent takes the default of the library that wrote the file.
 */
export interface ConfigReader {
  /** From 0 to `largest`. */
  integer(key: string, fallback?: number, largest?: number): number;
  number(key: string, fallback?: number): number;
  boolean(key: string, fallback?: boolean): boolean;
  /** A string out of `values`. */
  oneOf<Value extends string>(key: string, values: readonly Value[], fallback?: Value): Value;
  /** A non-empty array of strings out of `values`, one for each of at most 16 levels. */
  listOf<Value extends string>(key: string, values: readonly Value[], fallback?: readonly Value[]): Value[];
  /** A non-empty array of positive integers, one for each of at most 16 levels. */
  integers(key: string, fallback?: readonly number[]): number[];
  /** One positive integer up to `largest` for all of `count` levels, or an array of one each. */
  perLevel(key: string, count: number, fallback?: number, largest?: number): number[];
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
    throw new CheckpointError(`${file}: ${key} is ${shown(raw(key))}; ${problem}`);
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
  const isInteger = (value: unknown, least: number, largest: number) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= largest;
  const isPositive = (value: unknown) => isInteger(value, 1, largestInteger);
  const isList = (value: unknown, accepts: (item: unknown) => boolean) =>
    Array.isArray(value) && value.length > 0 && value.length <= mostLevels && value.every(accepts);

  return {
    raw,
    fail,
    integer: (key, fallback, largest = largestInteger) =>
      read(key, fallback, (value) => isInteger(value, 0, largest), `an integer from 0 to ${largest}`),
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
    perLevel: (key, count, fallback, largest = largestInteger) => {
      const fits = (candidate: unknown) => isInteger(candidate, 1, largest);
      const value = read<number | number[]>(
        key,
        fallback,
        (candidate) => fits(candidate) || isList(candidate, fits),
        `an integer from 1 to ${largest} or an array of them`,
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

/** JSON of a value; nesting deeper than the stack is not shown. */
function shown(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'absent';
  } catch {
    return 'too deep to show';
  }
}
