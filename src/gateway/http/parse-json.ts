import { isUtf8 } from 'node:buffer';
import { ApiError } from '../../contract/errors.ts';

/**
 * A JSON text that a client sent (RFC 8259): UTF-8, with or without a byte order mark, and nothing in it that
 * could reach a prototype.
 * @param what it is, for messages: "The request body".
 * @throws ApiError malformedBody that says what is wrong with it and where, without repeating it.
 */
export function parseJson(bytes: Buffer, what: string): unknown {
  // Decoding would put U+FFFD where somebody wrote Latin-1, and the prompt would be another.
  if (!isUtf8(bytes)) throw new ApiError('malformedBody', `${what} is not valid JSON: it is not UTF-8`);
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  const value = parse(text, what);
  // Names may be written with escapes.
  const forbidden = /__proto__|constructor|\\u/.test(text) ? forbiddenField(value) : undefined;
  if (forbidden !== undefined)
    throw new ApiError('malformedBody', `${what} has a field ${forbidden}, which is not allowed`);
  return value;
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ApiError('malformedBody', `${what} is not valid JSON${reason(error as SyntaxError, text)}`);
  }
}

/** V8's words and place, without its quotation of the text: that may be a prompt. */
function reason({ message }: SyntaxError, text: string): string {
  if (text.trim() === '') return ': it holds nothing but spaces';
  const said = message
    .replace(/^(Unexpected token .{1,4}?), .*$/s, '$1')
    .replace(/ in JSON(?= at position)/, '')
    .replace(/ JSON input$/, ' the text');
  return /^[\x20-\x7e]{1,120}$/.test(said) ? `: ${said}` : ': Unexpected token';
}

/** `__proto__` and `constructor.prototype`, as secure-json-parse refuses them. */
function forbiddenField(value: unknown): string | undefined {
  for (let row: unknown[] = [value]; row.length > 0; ) {
    const groups = row.filter((each) => typeof each === 'object' && each !== null);
    for (const group of groups) {
      if (Object.hasOwn(group, '__proto__')) return '"__proto__"';
      const { constructor: made } = group as { constructor: unknown };
      if (Object.hasOwn(group, 'constructor') && typeof made === 'object' && made !== null)
        if (Object.hasOwn(made, 'prototype')) return '"constructor.prototype"';
    }
    row = groups.flatMap((group) => Object.values(group));
  }
  return undefined;
}
