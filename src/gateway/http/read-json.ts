import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../../contract/errors.ts';
import { show } from '../../contract/show.ts';
import { parseJson } from './parse-json.ts';

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
 * Reads JSON bodies: bounded, without prototypes, and an empty one as none: clients declare a type on every
 * request, bodies or not. A route that needs a body finds none and says so.
 */
export function readJson(app: FastifyInstance): void {
  app.removeContentTypeParser('application/json');
  const parse = async (request: FastifyRequest, bytes: Buffer) => {
    if (bytes.length === 0) return undefined;
    assertPlain(request);
    assertModestJson(bytes);
    return parseJson(bytes, 'The request body');
  };
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, parse);
}

/**
 * Bodies are read as they are: a compressed one would be unpacked into memory that nobody has reckoned with.
 * @throws ApiError contentType naming the coding (RFC 9110, 8.4).
 */
export function assertPlain({ headers }: Pick<FastifyRequest, 'headers'>): void {
  const coding = headers['content-encoding']?.trim() ?? '';
  if (coding === '' || coding.toLowerCase() === 'identity') return;
  const message = `Content-Encoding ${show(coding)} is not taken here: send the body as it is`;
  // RFC 9110, 15.5.16: how a client learns what would be.
  throw new ApiError('contentType', message, { headers: { 'accept-encoding': 'identity' } });
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
