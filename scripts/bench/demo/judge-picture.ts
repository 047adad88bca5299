import type { DetectedThing, Detection } from './detect-things.ts';
import { radii } from './shapes.ts';

/** What a prompt asks for; null where it leaves the choice open. */
export interface Expectation {
  readonly prompt: string;
  readonly background: string | null;
  /** Column and row, 0 ... 2, of a single thing. */
  readonly position: readonly [number, number] | null;
  /** Where the first of two things is, seen from the second. */
  readonly relation: string | null;
  readonly things: readonly {
    readonly shape: string;
    readonly colour: string;
    readonly size: string | null;
  }[];
}

/** Each point is true, false, or null where the prompt does not ask for it. */
export interface Verdict {
  readonly count: boolean;
  readonly shape: boolean;
  readonly colour: boolean;
  readonly size: boolean | null;
  /** Of a single thing. */
  readonly position: boolean | null;
  /** Of two things to each other. */
  readonly relation: boolean | null;
  readonly background: boolean | null;
}

/** Whether nothing that the prompt asks for is wrong. */
export function isRight(verdict: Verdict): boolean {
  return Object.values(verdict).every((point) => point !== false);
}

/**
 * Of two things found each is taken for the one asked for whose colour and shape it has, so that two that
 * stand the wrong way round are an error of their relation; where that decides nothing, place does.
 */
export function judgePicture(expected: Expectation, detection: Detection): Verdict {
  const wanted = expected.things;
  const found = detection.things.slice(0, wanted.length);
  const count = detection.things.length === wanted.length;
  const placed = matched(expected, found);
  const [first, second] = placed;
  const all = (check: (index: number) => boolean) =>
    found.length === wanted.length && wanted.every((_, index) => check(index));
  const sizes = wanted.some(({ size }) => size !== null);
  return {
    count,
    shape: all((index) => placed[index]!.shape === wanted[index]!.shape && placed[index]!.likeness > 0.75),
    colour: all((index) => placed[index]!.colour === wanted[index]!.colour),
    size: sizes
      ? all((index) => wanted[index]!.size === null || sizeOf(placed[index]!) === wanted[index]!.size)
      : null,
    position: expected.position === null ? null : first !== undefined && isAt(first, expected.position),
    relation:
      expected.relation === null ? null : second !== undefined && stands(expected.relation, first!, second),
    background: expected.background === null ? null : detection.background === expected.background,
  };
}

function sizeOf({ radius }: DetectedThing): string {
  return Object.entries(radii).sort(
    ([, a], [, b]) => Math.abs(Math.log(a / radius)) - Math.abs(Math.log(b / radius)),
  )[0]![0];
}

/** Thirds of the picture; large things cannot come close to an edge, so the middle third is drawn in. */
function isAt({ x, y }: DetectedThing, [column, row]: readonly [number, number]): boolean {
  const third = (value: number) => (value < 0.4 ? 0 : value > 0.6 ? 2 : 1);
  return third(x) === column && third(y) === row;
}

function matched(
  { things, relation }: Expectation,
  found: readonly DetectedThing[],
): readonly DetectedThing[] {
  const [a, b] = found;
  if (a === undefined || b === undefined) return found;
  const likeness = (pair: readonly DetectedThing[]) =>
    pair.reduce(
      (sum, { colour, shape }, index) =>
        sum + Number(colour === things[index]!.colour) + Number(shape === things[index]!.shape),
      0,
    );
  const [straight, turned] = [
    [a, b],
    [b, a],
  ];
  if (likeness(straight) !== likeness(turned))
    return likeness(straight) > likeness(turned) ? straight : turned;
  return relation !== null && stands(relation, b, a) ? turned : straight;
}

/** Whether `a` is there as seen from `b`, more so than to any other side. */
function stands(relation: string, a: DetectedThing, b: DetectedThing): boolean {
  const [right, down] = [a.x - b.x, a.y - b.y];
  const distances: Readonly<Record<string, number>> = { left: -right, right, above: -down, below: down };
  return distances[relation]! > 0 && distances[relation]! === Math.max(Math.abs(right), Math.abs(down));
}
