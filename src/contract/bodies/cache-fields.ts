import { z } from 'zod';
import {
  type CacheChoice,
  type CacheParameter,
  cacheChoice,
  cacheKinds,
  cacheNames,
  takesCache,
} from '../../schedulers/caching/cache-kinds.ts';
import { findScheduler } from '../../schedulers/registry.ts';
import { findSampler, samplerNames } from '../../schedulers/samplers.ts';
import type { Endpoint } from '../endpoints.ts';
import { ApiError } from '../errors.ts';
import { show } from '../show.ts';

function parameterField(parameter: CacheParameter) {
  if (parameter.kind === 'boolean') return z.boolean().optional();
  const number = parameter.kind === 'integer' ? z.int() : z.number();
  return number.min(parameter.min).max(parameter.max).optional();
}

type ParameterName = {
  [Name in keyof typeof cacheKinds]: keyof (typeof cacheKinds)[Name];
}[keyof typeof cacheKinds];

const parameterFields = Object.fromEntries(
  cacheNames.flatMap((name) =>
    Object.entries(cacheKinds[name]).map(([key, parameter]) => [key, parameterField(parameter)]),
  ),
) as Record<ParameterName, ReturnType<typeof parameterField>>;

const usual = (name: keyof typeof cacheKinds) =>
  Object.entries(cacheKinds[name])
    .map(([key, parameter]) => `${key} ${parameter.usual}`)
    .join(', ');

/** Extension fields of every body. */
export const cacheFields = {
  cache: z
    .object({ name: z.enum(cacheNames), ...parameterFields })
    .optional()
    .meta({
      description:
        'Extension: forecasts some evaluations of the network from those before, faster and less exact; ' +
        `a name alone stands for its usual parameters: ucache (${usual('ucache')}), spectrum (${usual('spectrum')})`,
      examples: [{ name: 'spectrum' }],
    }),
};

type WireCache = NonNullable<z.output<(typeof cacheFields)['cache']>>;

/**
 * The body with a `cache` that is a name, or JSON in a form, as the object it stands for.
 * @throws ApiError naming a parameter that the named cache has not.
 */
export function withCacheObject(fields: unknown): unknown {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return fields;
  const cache = objectOf((fields as Record<string, unknown>).cache);
  if (cache === undefined) return fields;
  const name = cacheNames.find((each) => each === cache.name);
  const parameters = name ? Object.keys(cacheKinds[name]) : [];
  const foreign = Object.keys(cache).find(
    (key) => key !== 'name' && !parameters.includes(key) && cache[key] !== null,
  );
  if (name !== undefined && foreign !== undefined)
    throw new ApiError(
      'invalidParameter',
      `cache.${foreign.slice(0, 64)} means nothing to ${name}, got ${show(cache[foreign])}; ` +
        `it takes: ${parameters.join(', ')}`,
    );
  return { ...fields, cache };
}

function objectOf(given: unknown): Record<string, unknown> | undefined {
  if (typeof given === 'string') return given.trim().startsWith('{') ? parsed(given) : { name: given };
  return typeof given === 'object' && given !== null && !Array.isArray(given) ? { ...given } : undefined;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/**
 * What a parsed body says of a cache; nothing where it has none.
 * @param scheduler as findScheduler knows it.
 * @throws ApiError where none makes sense with that scheduler.
 */
export function cacheOf(
  cache: WireCache | undefined,
  endpoint: Endpoint,
  scheduler: string,
): { readonly stepCache?: CacheChoice } {
  if (cache === undefined) return {};
  const { uncacheable } = findScheduler(endpoint, scheduler);
  if (uncacheable !== undefined) {
    const others = samplerNames.filter((name) => takesCache(findSampler(name)));
    throw new ApiError(
      'invalidParameter',
      `cache means nothing to ${show(scheduler)}, got ${show(cache.name)}: ${uncacheable}; ` +
        `samplers that take one: ${others.join(', ')}`,
    );
  }
  const { name, ...parameters } = cache;
  const stepCache = cacheChoice(name, parameters);
  if (stepCache.name === 'ucache' && stepCache.start >= stepCache.end)
    throw new ApiError(
      'invalidParameter',
      `cache.start must be less than cache.end, got ${stepCache.start} and ${stepCache.end}`,
    );
  return { stepCache };
}
