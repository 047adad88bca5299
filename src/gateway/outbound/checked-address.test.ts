import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkedUrl, Refusal } from './checked-address.ts';

test('an allowed host is reached on the allowed port, however the URL or the list writes it', () => {
  for (const [allowed, urls, refused] of [
    ['bucket:443', ['https://bucket/a', 'https://bucket:443/a', 'http://bucket:443/a'], ['http://bucket/a']],
    ['bucket:80', ['http://bucket/a', 'http://bucket:80/a', 'https://bucket:80/a'], ['https://bucket/a']],
    ['bucket', ['http://bucket/a', 'https://bucket/a', 'https://bucket:443/'], ['http://bucket:8080/a']],
    [
      'bucket:9000',
      ['http://bucket:9000/a', 'https://bucket:9000/a'],
      ['https://bucket/a', 'http://bucket/'],
    ],
    ['10.0.0.5:443', ['https://10.0.0.5/a'], ['http://10.0.0.5/a', 'https://10.0.0.5:8443/a']],
    ['[::1]:443', ['https://[::1]/a'], ['http://[::1]/a']],
  ] as const) {
    for (const url of urls) assert.equal(checkedUrl(url, undefined, [allowed]).href, new URL(url).href);
    for (const url of refused)
      assert.throws(() => checkedUrl(url, undefined, [allowed]), Refusal, `${allowed} ${url}`);
  }
});
