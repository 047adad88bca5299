import fc from 'fast-check';
import { a1111Bodies } from '../../contract/a1111/bodies.ts';
import { openAiBodies } from '../../contract/openai/bodies.ts';
import { slugNames, slugs } from '../../contract/slugs.ts';

/** Bodies as nobody should send them, and some as anybody does. */

const oddTexts = [
  ...[
    '',
    ' ',
    'a panda',
    '1',
    '-1',
    '1e400',
    '0x1F',
    'NaN',
    'true',
    'False',
    'null',
    '\u0000',
    '\ud800',
    '💥',
  ],
  ...['__proto__', 'constructor', '../../etc/passwd', 'http://127.0.0.1/', 'https://pictures.example/a.png'],
  ...[
    'data:,',
    'data:image/png;base64,iVBORw0KGgo=',
    'UniPC',
    'Euler a',
    'anime',
    'juggernaut',
    'philox',
    'png',
  ],
  ...['((((', '$&', '%s%n', '1024x1024', 'b64_json', 'dall-e-3', 'x'.repeat(70_000)],
];
const oddNumbers = [0, -0, 1, 2, 4, 20, 25, 100, 1024, 0.5, -1, 1e15, 2 ** 53, 5e-324, 1e308];
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...oddTexts) },
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...oddNumbers, true, false, null) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 50 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);
const fieldNames = [
  ...new Set([
    ...slugNames.flatMap((slug) => Object.keys(slugs[slug].body.shape)),
    ...Object.values({ ...openAiBodies, ...a1111Bodies }).flatMap(({ shape }) => Object.keys(shape)),
  ]),
  ...[
    '__proto__',
    'constructor',
    'toString',
    'steps',
    'mask',
    'image[]',
    'endpoint',
    'custom_id',
    'a'.repeat(300),
    '',
  ],
];
const fields = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom(...fieldNames), value), { maxLength: 4 }),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([entries, prompted, pictured]) =>
    Object.fromEntries([
      ...entries,
      ...(prompted ? [['prompt', 'a panda']] : []),
      ...(pictured ? [['image', 'https://pictures.example/a.png']] : []),
    ]),
  );

function formOf(body: object): string {
  const parts = Object.entries(body).map(
    ([name, each]) =>
      `--x\r\nContent-Disposition: form-data; name="${name.replace(/["\r\n]/g, '_')}"\r\n\r\n${
        typeof each === 'object' ? JSON.stringify(each) : String(each)
      }\r\n`,
  );
  return `${parts.join('')}--x--\r\n`;
}

/**
 * JSON that JSON.stringify does not write: deep, wide, out of range, said twice, not well formed, not of this
 * shape.
 */
const oddJson = fc.constantFrom(
  ...[
    `${'['.repeat(5000)}${']'.repeat(5000)}`,
    `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`,
    '['.repeat(100_000),
  ],
  ...[`${'['.repeat(60)}${']'.repeat(60)}`, `${'{"a":'.repeat(60)}1${'}'.repeat(60)}`],
  ...[`[${'0,'.repeat(9000)}0]`, `[${'0,'.repeat(200_000)}0]`, `[${'"",'.repeat(9000)}""]`],
  `{${Array.from({ length: 9000 }, (_, index) => `"${index}":${index}`).join(',')}}`,
  ...[
    '1e999',
    '-1e999',
    '1e-999',
    '9'.repeat(5000),
    `0.${'1'.repeat(5000)}`,
    '-0',
    '00',
    '+1',
    '0x1',
    'NaN',
    'undefined',
  ],
  ...['"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\u0001"', '"\\x"', `"${'\\u0041'.repeat(9000)}"`, '"'],
  ...[
    '{"__proto__":{"prompt":"a"}}',
    '{"constructor":{"prototype":{}}}',
    '{"a":1,"a":2}',
    '{"":{"":[]}}',
    '\ufeff1',
  ],
);
/** A body of JSON with one field as it stands, perhaps a second time under a name that is there already. */
const oddBody = fc
  .tuple(fields, fc.constantFrom(...fieldNames), oddJson)
  .map(([body, name, json]) =>
    `{${JSON.stringify(name)}:${json},${JSON.stringify(body).slice(1)}`.replace(/,}$/, '}'),
  );
/** The same in a form, whose parts may say that they are JSON, files or text in another alphabet. */
const oddForm = fc
  .tuple(
    ...[fc.constantFrom(...fieldNames), oddJson],
    fc.constantFrom('', 'application/json', 'text/plain; charset=utf-16', 'image/png', 'x'),
    fc.constantFrom('', '; filename="a.png"', '; filename=""', "; filename*=utf-8''%ff"),
  )
  .map(
    ([name, json, type, file]) =>
      `--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na panda\r\n--x\r\n` +
      `Content-Disposition: form-data; name="${name}"${file}\r\n${type && `Content-Type: ${type}\r\n`}\r\n${json}\r\n--x--\r\n`,
  );

const plainPayload = fc
  .tuple(fields, fc.nat(1_000_000), fc.integer({ min: 0, max: 9 }))
  .map(([body, at, damage]) => {
    const text = JSON.stringify(body);
    if (damage === 0) return text.slice(0, at % (text.length + 1));
    if (damage === 1) return `${text}}`;
    if (damage === 2) return `${text.slice(0, at % text.length)}\u0000${text.slice(at % text.length)}`;
    return damage <= 4 ? formOf(body) : text;
  });
/** Bodies under each other, as a batch has them. */
const linesPayload = fc
  .array(
    fc.oneof(
      fields.map((body) => JSON.stringify(body)),
      oddBody,
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((lines) => lines.join('\n'));
export const payload = fc.oneof(
  { weight: 1, arbitrary: linesPayload },
  { weight: 4, arbitrary: plainPayload },
  { weight: 1, arbitrary: oddBody },
  { weight: 1, arbitrary: oddForm },
);
