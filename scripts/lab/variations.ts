import {
  type CacheChoice,
  cacheChoice,
  cacheKinds,
  cacheNames,
} from '../../src/schedulers/caching/cache-kinds.ts';

/** What saves evaluations of the network beside a scheduler's own steps. */
export interface Variation {
  readonly label: string;
  readonly cache?: CacheChoice;
  /** Fractions of the run's steps between which there is guidance; of no meaning on the mixture. */
  readonly interval?: { readonly start: number; readonly end: number };
}

/**
 * The variations of `--caches` (names, with parameters behind colons) and `--guidance-intervals` (from-to).
 * @throws Error naming the flag and what of its value is none.
 */
export function readVariations(caches: string | undefined, intervals: string | undefined): Variation[] {
  return [...parts(caches).map(cacheOf), ...parts(intervals).map(intervalOf)];
}

const parts = (value = '') => value.split(',').flatMap((text) => (text.trim() === '' ? [] : [text.trim()]));

function cacheOf(text: string): Variation {
  const [given = '', ...assignments] = text.split(':');
  const name = cacheNames.find((each) => each === given);
  if (name === undefined)
    throw new Error(`--caches: ${JSON.stringify(given)} is none; it must be of ${cacheNames.join(', ')}`);
  const known: Readonly<Record<string, { readonly usual: number | boolean }>> = cacheKinds[name];
  const parameters = assignments.map((assignment): [string, number | boolean] => {
    const [key = '', value = ''] = assignment.split('=');
    const usual = known[key]?.usual;
    const read = typeof usual === 'boolean' ? value === 'true' : Number(value);
    const isRead =
      typeof usual === 'boolean' ? /^(true|false)$/.test(value) : value !== '' && !Number.isNaN(read);
    if (usual === undefined || !isRead)
      throw new Error(
        `--caches: ${JSON.stringify(assignment)} is no parameter of ${name}; it has ${Object.keys(known).join(', ')}`,
      );
    return [key, read];
  });
  return { label: text, cache: cacheChoice(name, Object.fromEntries(parameters)) };
}

function intervalOf(text: string): Variation {
  const [start, end] = text.split('-').map(Number);
  if (!(start! >= 0 && end! <= 1 && start! < end!))
    throw new Error(`--guidance-intervals: ${JSON.stringify(text)} is no interval such as 0.1-0.7`);
  return { label: `guidance ${text}`, interval: { start: start!, end: end! } };
}
