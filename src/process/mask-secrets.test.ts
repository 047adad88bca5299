import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskSecrets, withoutSecrets } from './mask-secrets.ts';

const masked = (text: string, environment = {}): string => maskSecrets(text, environment);

/** Each text with what is left of it. */
const table: [what: string, text: string, left: string][] = [
  ['a password', 'redis://:pass@host:6379/0 is away', 'redis://***@host:6379/0 is away'],
  [
    'the password of a cluster',
    'redis+cluster://:pass@a:1,b:2 is away',
    'redis+cluster://***@a:1,b:2 is away',
  ],
  [
    'the password of what Sentinels watch',
    '{"url":"rediss+sentinel://me:p@ss/w@a:1,b:2/primary/0"}',
    '{"url":"rediss+sentinel://***@a:1,b:2/primary/0"}',
  ],
  ['user and password', 'rediss://me:pass@host', 'rediss://***@host'],
  ['a user alone, which may be a token', 'https://ghp_abc@host/x', 'https://***@host/x'],
  ['a password with @', 'redis://:p@ss@127.0.0.1:1 did not answer', 'redis://***@127.0.0.1:1 did not answer'],
  ['a password with / and ?', 'redis://:p/w?d@host:1', 'redis://***@host:1'],
  ['a password with #', 'redis://u:p#w@host', 'redis://***@host'],
  ['a password like a port', 'redis://user:12/34@host', 'redis://***@host'],
  ['a password in the query', 'redis://host:1?password=pass&db=1', 'redis://host:1?***'],
  [
    'a signed address',
    'GET https://b.example/a.png?X-Amz-Signature=ab&x=1 failed',
    'GET https://b.example/a.png?*** failed',
  ],
  ['an address in parentheses', '(https://h/a?token=x), or', '(https://h/a?***), or'],
  ['an address in JSON', '{"url":"https://u:p@h/a?k=v","n":1}', '{"url":"https://***@h/a?***","n":1}'],
  ['a fragment', 'https://h/cb#access_token=abc', 'https://h/cb#***'],
  [
    'the rest of a signed address',
    'a.png?X-Amz-Credential=AK/1&Signature=x%2B',
    'a.png?X-Amz-Credential=***&Signature=***',
  ],
  ['our API key', 'key SG_0123456789abcdef is revoked', 'key SG_*** is revoked'],
  ['a webhook secret', 'WEBHOOK_SECRET whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'WEBHOOK_SECRET whsec_***'],
  ['a token of Hugging Face', 'sent hf_AbCdEfGhIjKlMnOp', 'sent hf_***'],
  ['a Bearer token', 'authorization: Bearer abc.def-1', 'authorization: Bearer ***'],
  ['a header in JSON', '{"x-api-key":"0123","a":1}', '{"x-api-key":"***","a":1}'],
  [
    'a header in JSON in a text of JSON',
    '{"m":"{\\"x-api-key\\":\\"0123\\"}"}',
    '{"m":"{\\"x-api-key\\":\\"***\\"}"}',
  ],
  ['a password by its name', 'requirepass=hunter2, token: abc', 'requirepass=***, token: ***'],
  [
    'the arguments that Redis repeats',
    "ERR unknown command 'AUTH', with args beginning with: 'me' 'pass' ",
    "ERR unknown command 'AUTH', with args beginning with: ***",
  ],
];
for (const [what, text, left] of table)
  test(`${what} does not show`, () => {
    assert.equal(masked(text), left);
    assert.equal(masked(left), left);
  });

for (const text of [
  'http://127.0.0.1:8080/v1/sdxl-torch',
  'https://huggingface.co/org/name/resolve/main/a@1.safetensors: 404',
  'unix:/run/redis.sock: connect ENOENT /run/redis.sock',
  'WRONGPASS invalid username-password pair or user is disabled.',
  'the key of a request is its Idempotency-Key',
  'SG_key_name 12 tokens, 3 secrets',
  'DATA_DIR="/etc/passwd": is a file, not a folder',
])
  test(`"${text}" stays as it is`, () => assert.equal(masked(text), text));

test('the secrets of the environment do not show wherever they stand, encoded, decoded or in JSON', () => {
  const environment = {
    REDIS_URL: 'redis://me:hunter2%2Fhun%22ter@host',
    HF_TOKEN: 'tok-123456',
    WEBHOOK_SECRET: 'whsec_c2VjcmV0LW9mLXRoZS13ZWJob29rcw==',
  };
  const said = [
    'AUTH me hunter2/hun"ter, hunter2%2Fhun%22ter',
    JSON.stringify({ msg: 'hunter2/hun"ter' }),
    'sent tok-123456 and c2VjcmV0LW9mLXRoZS13ZWJob29rcw==',
  ].join('\n');
  assert.equal(masked(said, environment), 'AUTH me ***, ***\n{"msg":"***"}\nsent *** and ***');
});

for (const url of [
  'redis+sentinel://me:hunter2%2Fhunter@a,b/primary',
  'rediss+cluster://:hunter2%2Fhunter@a',
])
  test(`the password of ${url.split(':')[0]} does not show by itself`, () => {
    const environment = { REDIS_URL: url, REDIS_SENTINEL_PASSWORD: 'sentinel-pass' };
    assert.equal(masked('AUTH hunter2/hunter, sentinel-pass', environment), 'AUTH ***, ***');
  });

test('a child that needs no secret gets none', () => {
  const environment = {
    ...{ PATH: '/bin', HF_TOKEN: 'a', WEBHOOK_SECRET: 'b', REDIS_URL: 'redis://:c@h' },
    REDIS_SENTINEL_PASSWORD: 'd',
  };
  assert.deepEqual(withoutSecrets(environment), { PATH: '/bin' });
});
