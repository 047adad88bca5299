import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { bodies } from '../contract/bodies.ts';
import { startTestService, type TestService } from './test-service.ts';

let service: TestService;
before(async () => {
  service = await startTestService({ maxQueued: 1_000_000 });
});
after(() => service.close());

/** Mulberry32: reproducible choices. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const values: unknown[] = [
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
  ...[
    '__proto__',
    'constructor',
    '../../etc/passwd',
    'http://127.0.0.1/',
    'data:,',
    'data:image/png;base64,iVBORw0KGgo=',
  ],
  ...[
    'UniPC',
    'Euler',
    'DDIM',
    'anime',
    'juggernaut',
    'philox',
    'png',
    '((((',
    '$&',
    '%s%n',
    'x'.repeat(70_000),
  ],
  ...[0, -0, 1, 2, 4, 20, 25, 100, 1024, 0.5, -1, 1e15, 2 ** 53, 5e-324, 1e308, true, false, null],
  ...[[], {}, [1], ['a'], { prompt: 'a' }, { toString: 1 }, [[[[]]]]],
];
const names = [
  ...new Set([...Object.keys(bodies['sdxl-torch'].shape), ...Object.keys(bodies['sdxl-img2img'].shape)]),
  ...['__proto__', 'constructor', 'toString', 'steps', 'a'.repeat(300), ''],
];
const urls = [
  '/v1/sdxl-torch',
  '/v2/sdxl-torch',
  '/v1/sdxl-img2img',
  '/v2/sdxl-img2img',
  '/v1/sdxl-torch/',
  '/v2/%00',
];
const types = [
  ...[
    'application/json',
    'application/json',
    'application/json',
    'application/json; charset=utf-8',
    'text/plain',
  ],
  ...['multipart/form-data; boundary=x', 'multipart/form-data', 'application/json;charset="', '\u00e9', ''],
];

test('3000 random requests are answered with JSON below 500 or a picture, and no answer shows a stack', async () => {
  const random = createRandom(20261120);
  const pick = <Item>(list: readonly Item[]): Item => list[random(list.length)]!;
  const body = (): string => {
    const fields = Array.from({ length: random(8) }, () => [pick(names), pick(values)] as const);
    const text = JSON.stringify(
      Object.fromEntries([...fields, ...(random(2) ? [['prompt', 'a panda']] : [])]),
    );
    const damage = random(6);
    return damage === 0
      ? text.slice(0, random(text.length))
      : damage === 1
        ? `${text}${pick(['}', ',', '\u0000'])}`
        : text;
  };
  const seen: Record<number, number> = {};
  for (let round = 0; round < 300; round++)
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const request = { url: pick(urls), type: pick(types), payload: body() };
        const response = await service.post(request.url, request.payload, { 'content-type': request.type });
        const context = JSON.stringify(request).slice(0, 500);
        seen[response.statusCode] = (seen[response.statusCode] ?? 0) + 1;
        assert.ok(response.statusCode < 500, `${response.statusCode} ${response.body} for ${context}`);
        if (response.headers['content-type'] === 'image/jpeg') return;
        assert.match(String(response.headers['content-type']), /^application\/json/, context);
        assert.doesNotMatch(response.body, /node_modules|\.ts:\d+|\bat .+:\d+:\d+/, context);
        if (response.statusCode !== 200) assert.deepEqual(Object.keys(response.json()), ['error'], context);
      }),
    );
  // The walk means something only while it reaches every kind of answer.
  assert.deepEqual(Object.keys(seen), ['200', '400', '404', '406']);
});
