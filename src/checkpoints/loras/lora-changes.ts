import type { TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import type { LoraPart } from './lora-names.ts';

/** A product of matrices, row-major: `a` [rows, inner] times `b` [inner, columns], or `b` alone. */
export interface Factors {
  readonly a: TensorLocation | undefined;
  readonly b: TensorLocation;
}

/** What a file adds to one weight or bias, before its scale. */
export type Delta =
  /** up [out, rank] times down [rank, in, ...]; with a core [rank, rank, height, width] between. */
  | {
      readonly kind: 'low rank';
      readonly up: TensorLocation;
      readonly down: TensorLocation;
      readonly mid: TensorLocation | undefined;
    }
  /** The products of two pairs, multiplied by element; with cores where `cores` has them. */
  | {
      readonly kind: 'hadamard';
      readonly pairs: readonly [Factors, Factors];
      readonly cores: readonly [TensorLocation, TensorLocation] | undefined;
    }
  /** The Kronecker product of two matrices; the second is of low rank around `core` where there is one. */
  | {
      readonly kind: 'kronecker';
      readonly first: Factors;
      readonly second: Factors;
      readonly core: TensorLocation | undefined;
    }
  /** As it stands. */
  | { readonly kind: 'difference'; readonly values: TensorLocation };

/** A delta with what its scale is made of. */
export interface Decomposed {
  readonly delta: Delta;
  /** undefined: the delta is whole, and its alpha without meaning. */
  readonly rank: number | undefined;
}

type Parts = ReadonlyMap<LoraPart, TensorLocation>;

/**
 * The delta of a module's weight from its tensors by part.
 * @param shape of the weight. @param fail throws, naming file and module.
 * @returns undefined where the parts change no weight.
 */
export function deltaOf(
  parts: Parts,
  shape: readonly number[],
  fail: (problem: string) => never,
): Decomposed | undefined {
  const has = (prefix: string) => [...parts.keys()].some((part) => part.startsWith(prefix));
  const kinds = [
    ...(parts.has('up') || parts.has('down') || parts.has('mid') ? ['LoRA'] : []),
    ...(has('hada_') ? ['LoHa'] : []),
    ...(has('lokr_') ? ['LoKr'] : []),
    ...(parts.has('diff') ? ['a difference'] : []),
  ];
  if (kinds.length > 1) return fail(`is changed by ${kinds.join(' and ')} at once`);
  const need = (part: LoraPart): TensorLocation =>
    parts.get(part) ?? fail(`lacks its ${part === 'up' || part === 'down' ? `${part} weight` : part}`);
  if (kinds[0] === 'LoRA') return lowRank(need, parts.get('mid'), shape, fail);
  if (kinds[0] === 'LoHa') return hadamard(need, parts, shape, fail);
  if (kinds[0] === 'LoKr') return kronecker(need, parts, shape, fail);
  if (kinds[0] !== 'a difference') return undefined;
  const values = need('diff');
  if (product(values.shape) !== product(shape)) fail(`has diff [${values.shape}], the weight is [${shape}]`);
  return { delta: { kind: 'difference', values }, rank: undefined };
}

type Need = (part: LoraPart) => TensorLocation;

function lowRank(
  need: Need,
  mid: TensorLocation | undefined,
  shape: readonly number[],
  fail: (problem: string) => never,
): Decomposed {
  const [down, up] = [need('down'), need('up')];
  const [rank = 0, ...inputs] = down.shape;
  const [outputs, upRank, ...ones] = up.shape;
  // Around a core the outer factors are pixels wide.
  const inner = mid === undefined ? product(shape.slice(1)) : shape[1]!;
  const fits =
    rank > 0 &&
    shape.length > 1 &&
    product(inputs) === inner &&
    inputs[0] === shape[1] &&
    outputs === shape[0] &&
    upRank === (mid === undefined ? rank : mid.shape[0]) &&
    ones.every((extent) => extent === 1) &&
    (mid === undefined || String(mid.shape.slice(1)) === String([rank, ...shape.slice(2)]));
  if (!fits)
    fail(
      `has down weight [${down.shape}] and up weight [${up.shape}]${mid ? ` around [${mid.shape}]` : ''}, which do not fit a layer of shape [${shape}]`,
    );
  return { delta: { kind: 'low rank', up, down, mid }, rank };
}

function hadamard(
  need: Need,
  parts: Parts,
  shape: readonly number[],
  fail: (problem: string) => never,
): Decomposed {
  const pair = (index: 1 | 2): Factors => ({ a: need(`hada_w${index}_a`), b: need(`hada_w${index}_b`) });
  const pairs = [pair(1), pair(2)] as const;
  const hasCores = parts.has('hada_t1') || parts.has('hada_t2');
  const cores = hasCores ? ([need('hada_t1'), need('hada_t2')] as const) : undefined;
  const [out, inward, ...kernel] = shape;
  for (const [index, { a, b }] of pairs.entries()) {
    const [rank = 0] = b.shape;
    const fits = cores
      ? String(a!.shape) === String([rank, out]) &&
        String(b.shape) === String([rank, inward]) &&
        String(cores[index]!.shape) === String([rank, rank, ...kernel])
      : String(a!.shape) === String([out, rank]) && b.shape[1] === product(shape.slice(1));
    if (!fits || rank === 0 || shape.length < 2)
      fail(`has LoHa factors [${a!.shape}] and [${b.shape}], which do not fit a layer of shape [${shape}]`);
  }
  return { delta: { kind: 'hadamard', pairs, cores }, rank: pairs[0].b.shape[0]! };
}

function kronecker(
  need: Need,
  parts: Parts,
  shape: readonly number[],
  fail: (problem: string) => never,
): Decomposed {
  const side = (index: 1 | 2): Factors => {
    const whole = parts.get(`lokr_w${index}`);
    if (whole === undefined) return { a: need(`lokr_w${index}_a`), b: need(`lokr_w${index}_b`) };
    if (parts.has(`lokr_w${index}_a`) || parts.has(`lokr_w${index}_b`))
      fail(`has lokr_w${index} both whole and of low rank`);
    return { a: undefined, b: whole };
  };
  const [first, second] = [side(1), side(2)];
  const core = parts.get('lokr_t2');
  if (core !== undefined && second.a === undefined) fail('has a core lokr_t2 without factors around it');
  // Around a core the factors are [rank, out] and [rank, in].
  const extents = ({ a, b }: Factors, around: TensorLocation | undefined): readonly number[] => {
    if (a === undefined) return b.shape;
    if (around) return [a.shape[1]!, b.shape[1]!, ...around.shape.slice(2)];
    if (a.shape[1] !== b.shape[0]) fail(`has LoKr factors [${a.shape}] and [${b.shape}], which do not fit`);
    return [a.shape[0]!, ...b.shape.slice(1)];
  };
  const [one, two] = [extents(first, undefined), extents(second, core)];
  const fits =
    shape.length > 1 &&
    one[0]! * two[0]! === shape[0] &&
    product(one.slice(1)) * product(two.slice(1)) === product(shape.slice(1)) &&
    (one[1]! * two[1]!) % shape[1]! === 0;
  if (!fits) fail(`has LoKr factors [${one}] and [${two}], which do not fit a layer of shape [${shape}]`);
  const low = [first, second].filter(({ a }) => a !== undefined).at(-1);
  return { delta: { kind: 'kronecker', first, second, core }, rank: low?.b.shape[0] };
}

export function product(extents: readonly number[]): number {
  return extents.reduce((all, extent) => all * extent, 1);
}

/** @throws CheckpointError naming file and module. */
export function failAt(file: string, module: string): (problem: string) => never {
  return (problem) => {
    throw new CheckpointError(`${file}: "${module}" ${problem}`);
  };
}
