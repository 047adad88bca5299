import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageToImageRequest } from './generation.ts';
import { isRoute, routeOf, routesOf } from './routes.ts';
import { request } from './testing/requests.ts';

test('a request needs the base, with the refiner where that would run, or its base model', () => {
  assert.equal(routeOf(request), 'sdxl-base+sdxl-refiner');
  assert.equal(routeOf({ ...request, refiner: false }), 'sdxl-base');
  assert.equal(routeOf({ ...request, highNoiseFraction: 1 }), 'sdxl-base');
  assert.equal(routeOf({ ...request, model: 'realvis' }), 'realvis+sdxl-refiner');
  assert.equal(routeOf({ ...request, model: 'realvis', refiner: false }), 'realvis');
  const edit = { endpoint: 'sdxl-img2img', baseModel: 'realvis' } as ImageToImageRequest;
  assert.equal(routeOf(edit), 'realvis');
});

test('the routes of a worker are those whose every checkpoint it has', () => {
  const texts = { endpoints: ['sdxl-torch'], refiner: false, baseModels: [] } as const;
  assert.deepEqual(routesOf(texts), ['sdxl-base']);
  assert.deepEqual(routesOf({ ...texts, refiner: true }), ['sdxl-base', 'sdxl-base+sdxl-refiner']);
  const edits = { endpoints: ['sdxl-img2img'], refiner: false, baseModels: ['a', 'b'] } as const;
  assert.deepEqual(routesOf(edits), ['a', 'b']);
});

test('a refiner follows every base of its worker', () => {
  assert.deepEqual(
    routesOf({ endpoints: ['sdxl-torch', 'sdxl-img2img'], refiner: true, baseModels: ['a'] }),
    ['sdxl-base', 'a', 'sdxl-base+sdxl-refiner', 'a+sdxl-refiner'],
  );
});

test('what no model can be called is no route', () => {
  for (const route of ['juggernaut', 'sdxl-base+sdxl-refiner', 'XL_4.0']) assert.ok(isRoute(route), route);
  for (const text of ['', 'a:b', 'a b', '.hidden', 'a+b+c', '\ud800', 'x'.repeat(65)])
    assert.ok(!isRoute(text), text);
});
