import type { FastifyInstance } from 'fastify';
import { ApiError } from '../../contract/errors.ts';

/** No body of this service is nested more than a few levels deep. */
const mostLevels = 64;
/** Values in arrays and objects together; no body of this service has more than a few dozen. */
const mostValues = 10_000;

const [quote, backslash, comma] = Buffer.from('"\\,');
const [openArray, closeArray, openObject, closeObject] = Buffer.from('[]{}');

/**
 * Whoever walks a parsed value by recursion (JSON.stringify does) needs a stack as deep as the value, and a
 * body of a megabyte can hold a million values. So both are bounded before anything is parsed.
 * @param json UTF-8; need not be valid.
 * @throws ApiError malformedBody
 */
export function assertModestJson(json: Buffer): void {
  let level = 0;
  let values = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === quote) at = endOfString(json, at);
    else if (byte === openArray || byte === openObject) {
      level++;
      values++;
    } else if (byte === closeArray || byte === closeObject) level--;
    else if (byte === comma) values++;
    if (level > mostLevels)
      throw new ApiError('malformedBody', `The request body is nested more than ${mostLevels} levels deep`);
    if (values > mostValues)
      throw new ApiError('malformedBody', `The request body holds more than ${mostValues} values`);
  }
}

/**
 * The same of a value that somebody else has parsed, as forms' parts that are declared as JSON are.
 * @throws ApiError malformedBody
 */
export function assertModestValue(value: unknown): void {
  let values = 0;
  for (let level = 0, row: unknown[] = [value]; row.length > 0; level++) {
    if (level > mostLevels)
      throw new ApiError('malformedBody', `The request body is nested more than ${mostLevels} levels deep`);
    values += row.length;
    if (values > mostValues)
      throw new ApiError('malformedBody', `The request body holds more than ${mostValues} values`);
    row = row.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
}

/** Where the string that begins at `start` has its closing quote; the end of `json` where it has none. */
function endOfString(json: Buffer, start: number): number {
  for (let from = start + 1; ; ) {
    const end = json.indexOf(quote!, from);
    if (end === -1) return json.length;
    let escapes = 0;
    while (json[end - 1 - escapes] === backslash) escapes++;
    if (escapes % 2 === 0) return end;
    from = end + 1;
  }
}

/**
 * Reads JSON bodies: bounded, without prototypes (as Fastify's own parser), and an empty one as none: clients
 * declare a type on every request, bodies or not. A route that needs a body finds none and says so.
 */
export function readJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    if (bytes.length === 0) {
      done(null, undefined);
      return;
    }
    assertModestJson(bytes);
    parse(request, bytes.toString('utf8'), done);
  });
}

/**
 * On routes of `app` a body says nothing: one of any declared type, or a declared type without a body, is
 * left unread.
 */
export function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
  app.addHook('preParsing', async (request) => {
    // Fastify refuses what is no media type before any parser is asked.
    delete request.headers['content-type'];
  });
}
