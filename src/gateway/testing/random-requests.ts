import fc from 'fast-check';
import { openApiDocument } from '../../contract/openapi/document.ts';
import { payload } from './random-bodies.ts';

/** Requests to every address of the OpenAPI document, and to some that are not there. */

const id = fc.oneof(
  fc.constantFrom('OWN', 'FOREIGN', 'FOREIGN', '', 'x', '..', '%2e%2e', '%00', '%c0%80', '*', "' or 1=1"),
  fc.uuid(),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed())),
);
const { paths } = openApiDocument('0') as unknown as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};
const documented = Object.keys(paths);
const withVerb = (verb: string) => documented.filter((path) => paths[path]![verb] !== undefined);

/** An address with something in each of its braces, a served model's name in that of a model. */
const filled = (template: string): fc.Arbitrary<string> => {
  const parts = template.split(/\{\w+\}/);
  const values = fc.array(template.endsWith('/{model}') ? model : id, {
    ...{ minLength: parts.length - 1, maxLength: parts.length - 1 },
  });
  return values.map((given) => parts.map((part, index) => part + (given[index] ?? '')).join(''));
};
const model = fc.oneof(fc.constantFrom('juggernaut', 'sdxl-base', 'sdxl-refiner', 'x'), id);
const oneOf = (templates: readonly string[]) => fc.oneof(...templates.map(filled));

export const postPaths: readonly string[] = withVerb('post');
const path = fc.oneof(
  { weight: 8, arbitrary: oneOf(postPaths) },
  { weight: 4, arbitrary: oneOf(withVerb('get').filter((each) => each.includes('{'))) },
  { weight: 3, arbitrary: oneOf(withVerb('get').filter((each) => !each.includes('{'))) },
  { weight: 1, arbitrary: id.map((each) => `/outputs/${each}/${'0'.repeat(32)}-0.jpg`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['/', '/docs/x/start.js', '/v1/sdxl-torch/', '//', '/v2/%00', '/v3/x', '/sdapi/v1/txt2img/'],
      ...['/sdapi/v1/progress?skip_current_image=x', '/sdapi/v1/nothing', '/page/x', '/queue/status?a=%ff'],
    ),
  },
);
const contentTypes = [
  ...['application/json', 'application/json', 'application/json', 'application/json; charset=utf-8'],
  ...[
    'multipart/form-data; boundary=x',
    'multipart/form-data; boundary=x',
    'multipart/form-data',
    'text/plain',
  ],
  ...[
    'application/jsonl',
    'application/x-ndjson',
    'application/json;charset="',
    'application/json\ta',
    '\u00e9',
    '',
  ],
];
const headerValue = fc.constantFrom(
  '',
  'x',
  '0',
  '-1',
  '*',
  'null',
  'a'.repeat(3000),
  '\u00e9',
  'OWN',
  'FOREIGN',
);
const headers = fc.dictionary(
  fc.constantFrom(
    ...[
      'accept',
      'accept-encoding',
      'authorization',
      'idempotency-key',
      'if-none-match',
      'last-event-id',
      'origin',
    ],
    ...['x-forwarded-for', 'x-forwarded-host', 'x-request-id', 'range', 'host', 'cookie', 'content-encoding'],
  ),
  headerValue,
  { maxKeys: 3 },
);
export const randomRequest = fc.record({
  /** The path's own verb, most of the time. */
  method: fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS') },
  ),
  path,
  headers,
  contentType: fc.constantFrom(...contentTypes),
  payload,
  key: fc.constantFrom('OWN', 'OWN', 'OWN', 'OWN', 'OWN', 'OWN', 'NONE', 'WRONG'),
});
