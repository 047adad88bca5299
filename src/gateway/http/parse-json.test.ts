import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../contract/errors.ts';
import { parseJson } from './parse-json.ts';

const read = (json: string | Buffer) => parseJson(Buffer.from(json as string), 'The body');

test('JSON is read with or without a byte order mark, and the last of equal names counts', () => {
  assert.deepEqual(read('\ufeff {"a": [1e3, -0, "\\u00e9 é"]} '), { a: [1000, -0, 'é é'] });
  assert.deepEqual(read('{"a": 1, "a": 2}'), { a: 2 });
  assert.deepEqual(read('{"constructor": 1, "prototype": 2}'), { constructor: 1, prototype: 2 });
  assert.deepEqual(read('{"text": "__proto__ \\u005f"}'), { text: '__proto__ _' });
});

for (const [json, message] of [
  ['', 'The body is not valid JSON: it holds nothing but spaces'],
  [' \n', 'The body is not valid JSON: it holds nothing but spaces'],
  ['{"secret": NaN}', "The body is not valid JSON: Unexpected token 'N'"],
  ['{"secret": "a",}', /: Expected double-quoted property name at position 15 \(line 1 column 16\)$/],
  ["{'secret': 1}", /: Expected property name or '\}' at position 1 \(line 1 column 2\)$/],
  [
    '{"secret": "a"\n} secret',
    /: Unexpected non-whitespace character after JSON at position 17 \(line 2 column 3\)$/,
  ],
  ['{"secret": "a\n"}', /: Bad control character in string literal at position 13/],
  ['{"secret": "a', /: Unterminated string at position 13/],
  ['tru', 'The body is not valid JSON: Unexpected end of the text'],
  ['secret=1', "The body is not valid JSON: Unexpected token 's'"],
  ['ésecret', 'The body is not valid JSON: Unexpected token'],
  [Buffer.from('{"a": "secret é"}', 'latin1'), 'The body is not valid JSON: it is not UTF-8'],
  [Buffer.from('\ufeff{"a": "secret é"}', 'utf16le'), 'The body is not valid JSON: it is not UTF-8'],
  ['{"__proto__": "secret"}', 'The body has a field "__proto__", which is not allowed'],
  ['{"a": [{"\\u005f_proto__": 1}]}', 'The body has a field "__proto__", which is not allowed'],
  ['[{"constructor": {"prototype": {}}}]', /field "constructor\.prototype", which is not allowed$/],
] as const)
  test(`${JSON.stringify(String(json))} is refused with what is wrong with it, and not repeated`, () => {
    assert.throws(
      () => read(json as string),
      (error: unknown) => {
        assert.ok(error instanceof ApiError && error.code === 'malformedBody');
        if (typeof message === 'string') assert.equal(error.message, message);
        else assert.match(error.message, message);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  });
