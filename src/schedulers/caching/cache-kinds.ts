import type { Method } from '../methods.ts';

/** One of a cache's parameters. */
export type CacheParameter =
  | {
      readonly kind: 'number' | 'integer';
      readonly min: number;
      readonly max: number;
      readonly usual: number;
    }
  | { readonly kind: 'boolean'; readonly usual: boolean };

const share = (usual: number) => ({ kind: 'number', min: 0, max: 1, usual }) as const;

/**
 * The step caches, under the names and with the parameters of stable-diffusion.cpp (docs/caching.md, commit
 * 97d2990); only values of `spectrum` differ from there, see forecast.ts.
 */
export const cacheKinds = {
  ucache: {
    threshold: { kind: 'number', min: 0, max: 100, usual: 1 },
    start: share(0.15),
    end: share(0.95),
    decay: share(1),
    relative: { kind: 'boolean', usual: true },
    reset: { kind: 'boolean', usual: true },
  },
  spectrum: {
    w: share(0.4),
    m: { kind: 'integer', min: 1, max: 8, usual: 3 },
    lam: { kind: 'number', min: 0, max: 100, usual: 0.001 },
    window: { kind: 'integer', min: 1, max: 20, usual: 2 },
    flex: { kind: 'number', min: 0, max: 5, usual: 0 },
    warmup: { kind: 'integer', min: 2, max: 100, usual: 4 },
    stop: share(0.9),
  },
} as const satisfies Record<string, Readonly<Record<string, CacheParameter>>>;

export type CacheName = keyof typeof cacheKinds;

export const cacheNames = Object.keys(cacheKinds) as [CacheName, ...CacheName[]];

type Values<Parameters> = {
  readonly [Key in keyof Parameters]: Parameters[Key] extends { readonly kind: 'boolean' } ? boolean : number;
};

/** A cache with all of its parameters. */
export type CacheChoice = {
  readonly [Name in CacheName]: { readonly name: Name } & Values<(typeof cacheKinds)[Name]>;
}[CacheName];

export type Ucache = Extract<CacheChoice, { name: 'ucache' }>;
export type Spectrum = Extract<CacheChoice, { name: 'spectrum' }>;

/** The cache of that name; parameters that are not given have their usual value. */
export function cacheChoice(
  name: CacheName,
  given: Readonly<Record<string, number | boolean | undefined>> = {},
): CacheChoice {
  const parameters: Readonly<Record<string, CacheParameter>> = cacheKinds[name];
  return Object.fromEntries([
    ['name', name],
    ...Object.entries(parameters).map(([key, { usual }]) => [key, given[key] ?? usual]),
  ]) as unknown as CacheChoice;
}

/** Whether a method's evaluations follow each other closely enough for one to be forecast. */
export function takesCache({ uncacheable }: Pick<Method, 'uncacheable'>): boolean {
  return uncacheable === undefined;
}
