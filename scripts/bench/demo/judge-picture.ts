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
  readonly place: boolean | null;
  readonly background: boolean | null;
}

/** Things found are matched with those asked for by place where a relation is asked for, so swapped colours are errors. */
export function judgePicture(expected: Expectation, detection: Detection): Verdict {
  const wanted = expected.things;
  const found = detection.things.slice(0, wanted.length);
  const count = detection.things.length === wanted.length;
  const [first, second] = found;
  const placed = second === undefined ? found : inOrder(expected.relation, first!, second);
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
    place:
      expected.position !== null
        ? first !== undefined && isAt(first, expected.position)
        : expected.relation !== null
          ? second !== undefined && isApart(expected.relation, first!, second)
          : null,
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

function isApart(relation: string, a: DetectedThing, b: DetectedThing): boolean {
  const [dx, dy] = [Math.abs(a.x - b.x), Math.abs(a.y - b.y)];
  return relation === 'left' || relation === 'right' ? dx > dy : dy > dx;
}

/** The pair with the one that stands where the first thing of the prompt should stand in front. */
function inOrder(relation: string | null, a: DetectedThing, b: DetectedThing): DetectedThing[] {
  const firstComesFirst: Readonly<Record<string, boolean>> = {
    left: a.x < b.x,
    right: a.x > b.x,
    above: a.y < b.y,
    below: a.y > b.y,
  };
  return relation === null || firstComesFirst[relation] ? [a, b] : [b, a];
}
