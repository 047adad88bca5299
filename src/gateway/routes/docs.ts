import type { FastifyInstance } from 'fastify';
import { ApiError } from '../../contract/errors.ts';
import { openApiDocument } from '../../contract/openapi/document.ts';
import { version } from '../../process/software.ts';
import { readAssets } from '../docs/assets.ts';
import { acceptedEncoding } from '../http/compression.ts';
import { refuseOtherMethods } from '../http/errors.ts';
import { lastingAnswer } from '../http/lasting-answer.ts';

/**
 * Only files of this origin, nothing inline. Swagger UI draws its icons as data: images. Without
 * upgrade-insecure-requests, which would break the page on plain http in a local network.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

/** `GET /openapi.json`, and `GET /docs` to read and try it in a browser; no key needed. */
export function docsRoutes(app: FastifyInstance): void {
  const { assets, version: assetVersion } = readAssets();
  const page = pageOf(`docs/${assetVersion}`);

  app.get(
    '/openapi.json',
    lastingAnswer(() => ({
      contentType: 'application/json',
      text: JSON.stringify(openApiDocument(version)),
      cacheControl: 'public, max-age=300',
    })),
  );

  app.get('/docs', async (_, reply) =>
    reply
      .headers({ ...headers, 'cache-control': 'no-cache' })
      .type('text/html; charset=utf-8')
      .send(page),
  );

  // The page's own links are relative to /docs, and this service may stand behind a path of a proxy.
  app.get('/docs/', async (_, reply) => reply.redirect('../docs', 308));

  app.get<{ Params: { version: string; file: string } }>('/docs/:version/:file', async (request, reply) => {
    const asset = request.params.version === assetVersion ? assets.get(request.params.file) : undefined;
    if (asset === undefined) throw new ApiError('notFound', 'There is no such file');
    reply.headers({
      ...headers,
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    });
    const compressed = acceptedEncoding(request, ['gzip']) !== undefined;
    if (compressed) reply.header('content-encoding', 'gzip');
    return reply.type(asset.contentType).send(compressed ? await asset.gzipped() : asset.bytes);
  });

  for (const path of ['/openapi.json', '/docs', '/docs/', '/docs/:version/:file'])
    refuseOtherMethods(app, path, ['GET', 'HEAD']);
}

function pageOf(folder: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>sdxl-server API</title>
<link rel="icon" type="image/png" href="${folder}/favicon-32x32.png">
<link rel="stylesheet" href="${folder}/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript><a href="openapi.json">openapi.json</a></noscript>
<script src="${folder}/swagger-ui-bundle.js"></script>
<script src="${folder}/start.js"></script>
</body>
</html>
`;
}
