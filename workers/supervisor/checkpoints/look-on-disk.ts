import type { Config } from '../../../src/config/config.ts';
import { routesOf } from '../../../src/contract/routes.ts';
import { baseName } from '../../../src/contract/served-names.ts';
import type { UnservableModel } from '../../../src/installation/installation.ts';
import { servableModels } from '../../../src/installation/servable-models.ts';
import type { Log } from '../../../src/jobs/log.ts';
import { capabilitiesOf } from '../../capabilities.ts';

export interface OnDisk {
  readonly routes: readonly string[];
  readonly unservable: readonly UnservableModel[];
}

/**
 * What will be served once the engine has loaded, and what will not and why, in the log too; nothing where
 * the folder is wrong, which the engine then says.
 * @throws Error where what there is can serve no request.
 */
export async function lookOnDisk({ modelsDir, serveModels }: Config, log: Log): Promise<OnDisk> {
  if (modelsDir === undefined) return { routes: [], unservable: [] };
  const { names, unservable } = await servableModels(modelsDir, serveModels).then(
    ({ installation, unservable }) => ({ names: [...installation.keys()], unservable }),
    () => ({ names: [], unservable: [] }),
  );
  for (const { entry, reason } of unservable) log.warn({ entry, reason }, 'model not served');
  const routes = routesOf(capabilitiesOf([{ name: '', serves: names }], undefined));
  if (names.length > 0 && routes.length === 0)
    throw new Error(
      `${serveModels.length > 0 ? `SERVE_MODELS=${serveModels.join(',')}` : modelsDir}: no request can be served by ${names.join(', ')} alone: a refiner needs its base, ${baseName}`,
    );
  return { routes, unservable };
}
