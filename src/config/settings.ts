import { parseResultsPlace, type ResultsPlace } from '../results/results-place.ts';
import { gatewaySettings } from './gateway-settings.ts';
import {
  httpUrl,
  isRedisUrl,
  type Kind,
  oneOf,
  place,
  type Setting,
  wholeNumber,
  word,
} from './setting-kinds.ts';
import { workerSettings } from './worker-settings.ts';

const resultsPlace: Kind<ResultsPlace> = {
  allowed: 'redis, dir:PATH or s3://bucket/prefix',
  parse: parseResultsPlace,
};

const isToken = (text: string): boolean => /^[\x21-\x7e]+$/.test(text);

/** What gateway and workers read alike. */
export const sharedSettings = {
  dataDir: {
    variable: 'DATA_DIR',
    kind: place('a folder'),
    default: './data',
    sentence: 'Where `npm start` keeps the queue and the results; one `npm start` per folder.',
  },
  redisUrl: {
    variable: 'REDIS_URL',
    kind: word(
      isRedisUrl,
      'redis://host:port (/N behind it for database N), redis+sentinel://host:port,host:port/master-name, ' +
        'redis+cluster://host:port,host:port, each with rediss for TLS, or unix:/path/to/socket (107 bytes at most)',
    ),
    sentence: 'Redis to use (its policy `noeviction`). Unset: `npm start` runs a private one.',
  },
  redisTlsCa: {
    variable: 'REDIS_TLS_CA',
    kind: place('a file'),
    sentence:
      'PEM file of the authority that signed the certificates of Redis. Unset: those that Node knows.',
  },
  redisTlsCert: {
    variable: 'REDIS_TLS_CERT',
    kind: place('a file'),
    sentence: 'PEM file of the certificate that is shown to a Redis that asks for one.',
  },
  redisTlsKey: {
    variable: 'REDIS_TLS_KEY',
    kind: place('a file'),
    sentence: 'PEM file of the key of REDIS_TLS_CERT.',
  },
  redisSentinelUsername: {
    variable: 'REDIS_SENTINEL_USERNAME',
    kind: word(() => true, 'a name'),
    sentence: 'User that Sentinels know, where theirs is not the default one.',
  },
  redisSentinelPassword: {
    variable: 'REDIS_SENTINEL_PASSWORD',
    kind: word(() => true, 'a password'),
    secret: true,
    sentence: 'Password that Sentinels ask for; that of the servers they watch stands in REDIS_URL.',
  },
  promptMaxChunks: {
    variable: 'PROMPT_MAX_CHUNKS',
    kind: wholeNumber(1, 256),
    default: '16',
    sentence: 'Most 75-token chunks of a prompt; more is a 400.',
  },
  jobDeadlineSeconds: {
    variable: 'JOB_DEADLINE_SECONDS',
    kind: wholeNumber(1, 86_400),
    default: '3600',
    sentence: 'A request that has not finished this long after its submission is FAILED.',
  },
  resultTtlSeconds: {
    variable: 'RESULT_TTL',
    kind: wholeNumber(1, 86_400),
    default: '3600',
    sentence: 'How many seconds results stay readable; clients are promised one hour.',
  },
  results: {
    variable: 'RESULTS',
    kind: resultsPlace,
    default: 'redis',
    sentence:
      'Where finished pictures are kept, the same for gateways and workers: Redis, a folder that all of them reach, or ' +
      'a bucket of S3 or of a server that speaks its protocol (see docs/deployment.md).',
  },
  awsEndpointUrl: {
    variable: 'AWS_ENDPOINT_URL',
    kind: httpUrl,
    sentence: 'Address of a server that speaks the protocol of S3. Unset: AWS.',
  },
  awsRegion: {
    variable: 'AWS_REGION',
    kind: word((text) => /^[a-z0-9-]{1,40}$/.test(text), 'a region such as eu-central-1'),
    default: 'us-east-1',
    sentence: 'Region of the bucket; what other servers are set to, mostly the default.',
  },
  awsAccessKeyId: {
    variable: 'AWS_ACCESS_KEY_ID',
    kind: word(isToken, 'a key id of printable characters'),
    sentence: 'Who the bucket is asked as. Needed for `RESULTS=s3://...`.',
  },
  awsSecretAccessKey: {
    variable: 'AWS_SECRET_ACCESS_KEY',
    kind: word(isToken, 'a key of printable characters'),
    secret: true,
    sentence: 'Secret of AWS_ACCESS_KEY_ID, with which requests are signed.',
  },
  awsSessionToken: {
    variable: 'AWS_SESSION_TOKEN',
    kind: word(isToken, 'a token of printable characters'),
    secret: true,
    sentence: 'Token of temporary credentials; they must last as long as the process.',
  },
  metricsPort: {
    variable: 'METRICS_PORT',
    kind: wholeNumber(1, 65_534),
    sentence:
      'Port of `/metrics` for Prometheus, of the gateway and of a worker alike; the worker of `npm start` takes ' +
      'the next one. Unset: no metrics.',
  },
  metricsHost: {
    variable: 'METRICS_HOST',
    kind: word((text) => !/[\s/]/.test(text), 'an address to listen on'),
    default: '127.0.0.1',
    sentence:
      'Address that `/metrics` listens on. It asks for no key: open it only to a network of your own.',
  },
  logLevel: {
    variable: 'LOG_LEVEL',
    kind: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    default: 'info',
    sentence: 'The least severe lines that are logged.',
  },
} as const satisfies Record<string, Setting>;

/**
 * Every setting by its name in `Config`. A setting is written in one of the three tables and nowhere else.
 */
export const settings = { ...sharedSettings, ...gatewaySettings, ...workerSettings };
