import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** First parts of this service's own addresses: a path that begins so is never taken for a proxy's. */
const ownPaths = /^\/(?:v\d+|sdapi|outputs|docs|openapi\.json|page|admin|lab|healthz|readyz|metrics)(?:\/|$)/;

/** The path that PUBLIC_URL ends with, without a slash behind it: `/images`; undefined without any. */
function subPathOf(publicUrl: string | undefined): string | undefined {
  if (publicUrl === undefined) return undefined;
  const path = new URL(publicUrl).pathname.replace(/\/+$/, '');
  return path === '' || ownPaths.test(path) ? undefined : path;
}

/**
 * Behind a proxy that hands on addresses under PUBLIC_URL's path as they are, they lead to the same as
 * without it; one that takes the path away sends what is known anyway.
 * @returns Fastify's `rewriteUrl`.
 */
export function withoutSubPath(
  publicUrl: string | undefined,
): (request: Pick<IncomingMessage, 'url'>) => string {
  const subPath = subPathOf(publicUrl);
  return ({ url = '/' }) => {
    if (subPath === undefined || !url.startsWith(subPath)) return url;
    const rest = url.slice(subPath.length);
    if (rest === '' || rest.startsWith('?')) return `/${rest}`;
    return rest.startsWith('/') ? rest : url;
  };
}

/** The page's links are relative to it, so its address must end with a slash. */
export function addSlashToSubPath(app: FastifyInstance, publicUrl: string | undefined): void {
  const subPath = subPathOf(publicUrl);
  if (subPath === undefined) return;
  app.addHook('onRequest', async ({ originalUrl, method }, reply) => {
    const [path, query] = originalUrl.split('?', 2);
    if (path !== subPath || (method !== 'GET' && method !== 'HEAD')) return;
    return await reply.redirect(`${subPath}/${query === undefined ? '' : `?${query}`}`, 308);
  });
}
