import { checkpointsOfRoute, routesOf } from '../../../src/contract/routes.ts';
import { modelsBehind } from '../../capabilities.ts';
import type { EngineSupervisor } from '../engines/engine-supervisor.ts';

/** The routes whose checkpoints are all loaded. */
export function residentRoutes({ offered, resident }: EngineSupervisor): ReadonlySet<string> {
  const loaded = resident();
  const { models, ...able } = offered();
  const isLoaded = (route: string) =>
    modelsBehind(checkpointsOfRoute(route), models)?.every((name) => loaded.has(name));
  return new Set(routesOf(able).filter(isLoaded));
}

/** The routes of installed checkpoints that could not be loaded lately. */
export function withdrawnRoutes({ capabilities, offered }: EngineSupervisor): ReadonlySet<string> {
  return new Set(routesOf(capabilities)).difference(new Set(routesOf(offered())));
}
