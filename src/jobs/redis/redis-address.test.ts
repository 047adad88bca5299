import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTopology } from './redis-address.ts';

const common = { kind: 'cluster', masterName: '', db: 0, isTls: false } as const;
const node = (host: string, port: number) => ({ host, port });

for (const [url, parsed] of [
  ['redis+cluster://a:7000,b:7001', { ...common, nodes: [node('a', 7000), node('b', 7001)] }],
  ['redis-cluster://a', { ...common, nodes: [node('a', 6379)] }],
  ['rediss+cluster://a:1/0', { ...common, isTls: true, nodes: [node('a', 1)] }],
  ['redis+cluster://a:1/3', { ...common, nodes: [node('a', 1)], db: 3 }],
  ['redis+cluster://[::1]:7000', { ...common, nodes: [node('::1', 7000)] }],
  ['redis+cluster://me:p%40ss@a:1', { ...common, nodes: [node('a', 1)], username: 'me', password: 'p@ss' }],
  ['redis+cluster://:p@ss/w@a:1', { ...common, nodes: [node('a', 1)], password: 'p@ss/w' }],
  [
    'redis+sentinel://a:1,b/primary',
    { ...common, kind: 'sentinel', nodes: [node('a', 1), node('b', 26_379)], masterName: 'primary' },
  ],
  [
    'rediss+sentinel://:pass@a:1/my%20primary/2',
    {
      ...{ ...common, kind: 'sentinel', nodes: [node('a', 1)], isTls: true },
      ...{ masterName: 'my primary', db: 2, password: 'pass' },
    },
  ],
  [
    'redis-sentinel://a/primary/',
    { ...common, kind: 'sentinel', nodes: [node('a', 26_379)], masterName: 'primary' },
  ],
] as const)
  test(`${url} names what it says`, () => assert.deepEqual(parseTopology(url), parsed));

for (const url of [
  ...['redis://a:1', 'rediss://a:1/0', 'unix:/run/redis.sock', '', 'redis+other://a:1'],
  ...['redis+sentinel://a:1', 'redis+sentinel://a:1/', 'redis+sentinel://a:1/primary/x'],
  ...['redis+cluster://', 'redis+cluster://a:1,', 'redis+cluster://a:0', 'redis+cluster://a:65536'],
  ...[
    'redis+cluster://a:x',
    'redis+cluster://a:1/primary',
    'redis+cluster://a:1/0/0',
    'redis+cluster://a:1?x=y',
  ],
])
  test(`"${url}" names neither Sentinels nor a cluster`, () => assert.equal(parseTopology(url), undefined));
