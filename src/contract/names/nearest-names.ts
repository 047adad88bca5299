import { show } from '../show.ts';
import { distance, spelling } from './near-misses.ts';

/** A list of names in a message does not grow with the folder they come from. */
const mostListed = 24;
const mostNearest = 3;

/**
 * The names that one was probably meant for, nearest first: no more than a third of it spelled otherwise, or
 * one inside the other.
 */
export function nearestNames(name: string, names: Iterable<string>): string[] {
  const given = spelling(name).slice(0, 64);
  if (given.length < 2) return [];
  return [...new Set(names)]
    .map((each) => {
      const right = spelling(each).slice(0, 64);
      const contains = right.length > 2 && (right.includes(given) || given.includes(right));
      const away = contains ? 1 : distance(given, right);
      return { each, away, isNear: contains || away <= Math.max(1, Math.floor(right.length / 3)) };
    })
    .filter(({ isNear }) => isNear)
    .sort((a, b) => a.away - b.away || (a.each < b.each ? -1 : 1))
    .slice(0, mostNearest)
    .map(({ each }) => each);
}

/**
 * What is said of a name that leads nowhere: the nearest names, and all there are.
 * @param field that has it. @param what it should be: "a served model".
 */
export function unknownNameMessage(
  field: string,
  name: string,
  what: string,
  names: readonly string[],
): string {
  const near = nearestNames(name, names);
  const meant = near.length === 0 ? '' : `; nearest: ${near.join(', ')}`;
  const shown = names.slice(0, mostListed).join(', ');
  const more = names.length > mostListed ? ` and ${names.length - mostListed} more` : '';
  const all = names.length === 0 ? 'there is none' : `there are: ${shown}${more}`;
  return `${field} ${show(name)} is not ${what} of this server${meant}; ${all}`;
}
