import { isUtf8 } from 'node:buffer';
import { setImmediate } from 'node:timers/promises';
import { mostLines, type ParsedLine, parseLine } from '../../contract/bodies/batches.ts';
import { ApiError } from '../../contract/errors.ts';
import { show } from '../../contract/show.ts';
import { parseJson } from '../http/parse-json.ts';
import { assertModestJson } from '../http/read-json.ts';

/** How many wrong lines are told. */
const mostTold = 10;
/** Lines that are checked before others are served. */
const atOnce = 20;

/**
 * The lines of a body, each of them right.
 * @param check what else a line must satisfy; throws an ApiError where it does not.
 * @throws ApiError whose text names each wrong line by its number, from 1 on.
 */
export async function readLines(
  body: Buffer,
  check: (line: ParsedLine) => Promise<void>,
): Promise<ParsedLine[]> {
  const texts = splitLines(body);
  if (texts.length === 0) throw new ApiError('invalidParameter', 'The batch has no lines');
  if (texts.length > mostLines)
    throw new ApiError('invalidParameter', `A batch has at most ${mostLines} lines, got ${texts.length}`);
  const lines: ParsedLine[] = [];
  const names = new Map<string, number>();
  const wrong: { number: number; error: ApiError }[] = [];
  for (const { number, text } of texts) {
    try {
      const json = Buffer.from(text);
      assertModestJson(json);
      const line = parseLine(parseJson(json, 'this'));
      const { customId } = line;
      if (customId !== undefined && names.has(customId))
        throw new ApiError(
          'invalidParameter',
          `custom_id ${show(customId)} is that of line ${names.get(customId)} too`,
        );
      if (customId !== undefined) names.set(customId, number);
      await check(line);
      lines.push(line);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // What is wrong with the server or the key is not the line's fault, and the same for the next.
      if (error.status !== 400) throw named(number, error);
      wrong.push({ number, error });
      if (wrong.length > mostTold) break;
    }
    if (number % atOnce === 0) await setImmediate();
  }
  if (wrong.length === 0) return lines;
  const told = wrong.slice(0, mostTold).map(({ number, error }) => `line ${number}: ${error.message}`);
  throw new ApiError('invalidParameter', [...told, ...(wrong.length > mostTold ? ['...'] : [])].join('; '));
}

function named(number: number, { code, message, headers }: ApiError): ApiError {
  return new ApiError(code, `line ${number}: ${message}`, { headers });
}

/** Lines that hold something, by their numbers; an end of line is LF or CR LF. */
function splitLines(body: Buffer): { number: number; text: string }[] {
  if (!isUtf8(body)) throw new ApiError('malformedBody', 'The batch is not UTF-8');
  return body
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((text, index) => ({ number: index + 1, text }))
    .filter(({ text }) => text.trim() !== '');
}
