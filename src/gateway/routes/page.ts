import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../../contract/errors.ts';
import { acceptedEncoding } from '../http/compression.ts';
import { refuseOtherMethods } from '../http/errors.ts';
import { isKnown, lastingAnswer } from '../http/lasting-answer.ts';
import { documentOf, pageSecurityHeaders, pages } from '../page/document.ts';
import { type PreparedFile, pageFiles } from '../page/page-files.ts';

/** The pages of src/playground and their files; no key needed: what they show they ask for with one. */
export function pageRoutes(app: FastifyInstance): void {
  for (const page of pages) {
    app.get(
      page.path,
      lastingAnswer(async () => ({
        contentType: 'text/html; charset=utf-8',
        text: documentOf(page, await pageFiles()),
        cacheControl: 'no-cache',
        headers: pageSecurityHeaders,
      })),
    );
    refuseOtherMethods(app, page.path, ['GET', 'HEAD']);
  }

  app.get<{ Params: { version: string; '*': string } }>('/page/:version/*', async (request, reply) => {
    const { files, version } = await pageFiles();
    const file = request.params.version === version ? files.get(request.params['*']) : undefined;
    if (file === undefined) throw new ApiError('notFound', 'There is no such file');
    const { encoding, bytes } = encoded(request, file);
    // The policy is the document's; on each of its files it would only be bytes.
    reply.headers({
      'x-content-type-options': 'nosniff',
      etag: file.etag,
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    });
    if (isKnown(request, file.etag)) return await reply.code(304).send();
    if (encoding !== undefined) reply.header('content-encoding', encoding);
    return reply.type(file.contentType).send(Buffer.from(bytes));
  });
  refuseOtherMethods(app, '/page/:version/*', ['GET', 'HEAD']);
}

/** The smallest form that the client takes. */
function encoded(request: FastifyRequest, file: PreparedFile) {
  const made = (['br', 'gzip'] as const).filter((each) => file[each] !== undefined);
  const encoding = acceptedEncoding(request, made);
  return { encoding, bytes: encoding === undefined ? file.bytes : file[encoding]! };
}
