import { type Endpoint, endpoints } from '../../src/contract/endpoints.ts';
import { takesCache } from '../../src/schedulers/caching/cache-kinds.ts';
import { findScheduler, schedulerNames } from '../../src/schedulers/registry.ts';
import { composedName, samplerNames, schedulesOf } from '../../src/schedulers/samplers.ts';
import type { SchedulerDefinition } from '../../src/schedulers/scheduler-definition.ts';
import { scheduleNames } from '../../src/schedulers/schedules/named-schedules.ts';
import type { Variation } from './variations.ts';

/** One row of the report: an API name of one endpoint. */
export interface Entry {
  /** `endpoint/name`, unique. */
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly name: string;
  readonly scheduler: SchedulerDefinition;
  /**
   * The entry whose runs stand for this one: the same solver on the same schedule. Itself where it is the
   * first.
   */
  readonly computedAs: string;
  /** What is done to it, and the entry that it is done to. */
  readonly variation?: Variation;
  readonly plain?: string;
}

/** Every name of both endpoints. */
export function allEntries(): Entry[] {
  const entries: Entry[] = [];
  for (const endpoint of endpoints)
    for (const name of schedulerNames(endpoint)) {
      const scheduler = findScheduler(endpoint, name);
      const same = entries.find(
        (other) =>
          other.scheduler.solver === scheduler.solver && other.scheduler.schedule === scheduler.schedule,
      );
      const id = `${endpoint}/${name}`;
      entries.push({ id, endpoint, name, scheduler, computedAs: same?.id ?? id });
    }
  return entries;
}

/**
 * The entries of a `--schedulers` value: `all`, or names separated by commas, with `endpoint/` before a name
 * where only one endpoint's is meant.
 * @throws Error naming the flag and the name that no endpoint knows.
 */
export function chooseEntries(value: string): Entry[] {
  const entries = allEntries();
  if (value.trim() === 'all') return entries;
  const wanted = value.split(',').map((name) => name.trim());
  for (const name of wanted)
    if (!entries.some((entry) => isMeant(entry, name)))
      throw new Error(
        `--schedulers: ${JSON.stringify(name)} is no scheduler; it must be all or names of ${endpoints.join(' or ')}: ${[...new Set(entries.map((entry) => entry.name))].join(', ')}`,
      );
  const chosen = entries.filter((entry) => wanted.some((name) => isMeant(entry, name)));
  const ids = new Set(chosen.map(({ id }) => id));
  // An alias whose original was not asked for is computed under its own name.
  return chosen.map((entry) => (ids.has(entry.computedAs) ? entry : { ...entry, computedAs: entry.id }));
}

/**
 * The pairs of `--samplers` and `--schedules`, each `all` or names separated by commas, as rows of text to
 * image; pairs that mean nothing are left out.
 * @throws Error naming the flag and the name that is none, or both values where no pair is left.
 */
export function samplerEntries(samplers: string, schedules: string): Entry[] {
  const wantedSamplers = namesOf('--samplers', samplers, samplerNames);
  const wantedSchedules = namesOf('--schedules', schedules, scheduleNames);
  const entries = wantedSamplers.flatMap((sampler) =>
    schedulesOf(sampler)
      .filter((schedule) => wantedSchedules.includes(schedule))
      .map((schedule): Entry => {
        const name = composedName(sampler, schedule);
        const id = `sdxl-torch/${name}`;
        return {
          id,
          endpoint: 'sdxl-torch',
          name,
          scheduler: findScheduler('sdxl-torch', name),
          computedAs: id,
        };
      }),
  );
  if (entries.length === 0)
    throw new Error(`--samplers ${samplers} with --schedules ${schedules}: none of them goes with another`);
  return entries;
}

/** The rows, each followed by itself with every variation that it takes. */
export function withVariations(entries: readonly Entry[], variations: readonly Variation[]): Entry[] {
  return entries.flatMap((entry) => [
    entry,
    ...variations.flatMap((variation): Entry[] => {
      if (entry.id !== entry.computedAs || (variation.cache && !takesCache(entry.scheduler))) return [];
      const id = `${entry.id} + ${variation.label}`;
      return [
        {
          ...entry,
          id,
          name: `${entry.name} + ${variation.label}`,
          computedAs: id,
          variation,
          plain: entry.id,
        },
      ];
    }),
  ]);
}

function namesOf<Name extends string>(flag: string, value: string, known: readonly Name[]): readonly Name[] {
  if (value.trim() === 'all') return known;
  return value.split(',').map((text) => {
    const name = known.find((each) => each === text.trim());
    if (name === undefined)
      throw new Error(
        `${flag}: ${JSON.stringify(text.trim())} is none; it must be all or of ${known.join(', ')}`,
      );
    return name;
  });
}

function isMeant({ id, name }: Entry, wanted: string): boolean {
  return wanted === id || wanted === name;
}

/** How an entry is written in prose: with its endpoint where both have the name. */
export function labelOf({ name, endpoint }: Pick<Entry, 'name' | 'endpoint'>): string {
  const isShared = endpoints.every((each) => (schedulerNames(each) as readonly string[]).includes(name));
  return isShared ? `${name} (${endpoint})` : name;
}
