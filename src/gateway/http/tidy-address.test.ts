import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tidyAddress } from './tidy-address.ts';

test('an address of the API is the same with a slash more, and with two for one', () => {
  for (const [asked, meant] of [
    ['/v1/sdxl-torch', '/v1/sdxl-torch'],
    ['/v1/sdxl-torch/', '/v1/sdxl-torch'],
    ['//v1/sdxl-torch', '/v1/sdxl-torch'],
    ['/v2//sdxl-torch//?a=//b/&c=?/', '/v2/sdxl-torch?a=//b/&c=?/'],
    ['/v1/models/', '/v1/models'],
    ['/v1/images/generations/', '/v1/images/generations'],
    ['/v2/requests/x/status/', '/v2/requests/x/status'],
    ['/sdapi/v1/txt2img/', '/sdapi/v1/txt2img'],
    ['//sdapi//v1/options/?x', '/sdapi/v1/options?x'],
  ])
    assert.equal(tidyAddress(asked!), meant);
});

test('other addresses stay as they are', () => {
  for (const url of ['/', '//', '/docs/', '//docs', '/docs/v1/a.js', '/page//v1/', '*', '/v1', '/?//v1/'])
    assert.equal(tidyAddress(url), url);
});
