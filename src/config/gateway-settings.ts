import { randomAlgorithms } from '../numerics/random-algorithms.ts';
import {
  decimal,
  httpUrl,
  isAddressRange,
  isHostAndPort,
  isOrigin,
  isWebhookSecret,
  listOf,
  oneOf,
  onOrOff,
  place,
  type Setting,
  wholeNumber,
  word,
} from './setting-kinds.ts';

/** What only the gateway reads (with `npm start`, which tells where it listens). */
export const gatewaySettings = {
  port: {
    variable: 'PORT',
    kind: wholeNumber(1, 65_535),
    default: '8080',
    sentence: 'Port of the HTTP service.',
  },
  host: {
    variable: 'HOST',
    kind: word(() => true, 'an address to listen on'),
    default: '127.0.0.1',
    sentence: 'Address the HTTP service listens on; the default cannot be reached from other machines.',
  },
  publicUrl: {
    variable: 'PUBLIC_URL',
    kind: httpUrl,
    sentence:
      'How clients reach this service, with the path below which a proxy serves it; links in answers start with ' +
      'it. Unset: the host that the client asked.',
  },
  auth: {
    variable: 'AUTH',
    kind: onOrOff,
    default: 'on',
    sentence: '`off`: no API key is asked for; only where HOST is a loopback address.',
  },
  acceptBearer: {
    variable: 'ACCEPT_BEARER',
    kind: onOrOff,
    default: 'off',
    sentence:
      'Whether `Authorization: Bearer <key>` counts beside `x-api-key`; the published service takes only that.',
  },
  authFailuresPerMinute: {
    variable: 'AUTH_FAILURES_PER_MINUTE',
    kind: wholeNumber(1, 1_000_000),
    default: '120',
    sentence:
      'Requests without a valid key from one address in one minute before they are told 429 instead of 401.',
  },
  creditsPerSample: {
    variable: 'CREDITS_PER_SAMPLE',
    kind: decimal(1_000_000),
    default: '1',
    sentence: 'What one sample costs a key that has credits; keys without a limit pay nothing.',
  },
  corsOrigins: {
    variable: 'CORS_ORIGINS',
    kind: listOf(isOrigin, '* or an origin such as https://pages.example'),
    default: '',
    sentence: 'Origins whose pages may call this service from a browser; `*` is every one.',
  },
  trustProxy: {
    variable: 'TRUST_PROXY',
    kind: listOf(isAddressRange, 'an address, a range such as 10.0.0.0/8, loopback, linklocal, uniquelocal'),
    default: '',
    sentence:
      'Proxies whose X-Forwarded-For, -Host and -Proto headers are believed; of anybody else they are ignored.',
  },
  retiredSlugs: {
    variable: 'RETIRED_SLUGS',
    kind: listOf((text) => /^[\w.-]+$/.test(text), 'a name such as sdxl1.0-txt2img'),
    default: '',
    sentence: 'Names under /v1/ and /v2/ that answer 410 from now on.',
  },
  rng: {
    variable: 'RNG',
    kind: oneOf(...randomAlgorithms),
    default: 'philox',
    sentence:
      'Random numbers of a request that names none: those of torch on CUDA (philox) or on the CPU (torch-cpu).',
  },
  img2imgMaxPixels: {
    variable: 'IMG2IMG_MAX_PIXELS',
    kind: wholeNumber(64 * 64, 16_777_216),
    default: '1572864',
    sentence: 'Input pictures with more pixels are scaled down to it.',
  },
  a1111Api: {
    variable: 'A1111_API',
    kind: onOrOff,
    default: 'on',
    sentence: "Whether AUTOMATIC1111's API is served under /sdapi/v1/, with the same keys.",
  },
  embedParameters: {
    variable: 'EMBED_PARAMETERS',
    kind: oneOf('off', 'on'),
    sentence:
      'Whether pictures say in themselves how they were made. Unset: those of /sdapi/v1/ do; requests decide by ' +
      '`embed_parameters`.',
  },
  imageUrlAllow: {
    variable: 'IMAGE_URL_ALLOW',
    kind: listOf(isHostAndPort, 'host:port'),
    default: '',
    sentence: 'Where input pictures may be fetched from although it is private (a bucket of your own).',
  },
  webhookSecret: {
    variable: 'WEBHOOK_SECRET',
    kind: word(isWebhookSecret, 'whsec_ and 24 to 64 random bytes in base64'),
    secret: true,
    sentence: 'Key that webhook messages are signed with. Unset: requests cannot name a webhook.',
  },
  webhookUrlAllow: {
    variable: 'WEBHOOK_URL_ALLOW',
    kind: listOf(isHostAndPort, 'host:port'),
    default: '',
    sentence: 'What webhooks may call although it is private.',
  },
  contentDenyList: {
    variable: 'CONTENT_DENY_LIST',
    kind: place('a file'),
    sentence: 'File of terms and /regular expressions/, one on each line; a prompt that holds one is FAILED.',
  },
  refinerFallback: {
    variable: 'REFINER_FALLBACK',
    kind: oneOf('off', 'base'),
    default: 'off',
    sentence:
      'What `refiner: true` does where no refiner is installed: off is an error, base the base alone.',
  },
  resultLinks: {
    variable: 'RESULT_LINKS',
    kind: oneOf('gateway', 'signed'),
    default: 'gateway',
    sentence:
      'With `RESULTS=s3://...`: whether the gateway hands pictures out itself, or sends clients on (302) to a signed ' +
      'address of the bucket that lasts as long as the picture. The page gets its own from the gateway either way.',
  },
  v1DeadlineSeconds: {
    variable: 'V1_DEADLINE_SECONDS',
    kind: wholeNumber(1, 86_400),
    default: '600',
    sentence: 'After this long a /v1 request is answered 504; its job goes on.',
  },
  maxQueued: {
    variable: 'MAX_QUEUED',
    kind: wholeNumber(1, 1_000_000),
    default: '1000',
    sentence: 'Requests that may wait before further ones are turned away.',
  },
  maxConnections: {
    variable: 'MAX_CONNECTIONS',
    kind: wholeNumber(1, 1_000_000),
    default: '2048',
    sentence: 'Open connections of everybody together; further ones are told 503.',
  },
  maxConnectionsPerAddress: {
    variable: 'MAX_CONNECTIONS_PER_ADDRESS',
    kind: wholeNumber(1, 1_000_000),
    default: '1024',
    sentence: 'Open connections of one address; does not count where TRUST_PROXY is set.',
  },
  noWorkerGraceSeconds: {
    variable: 'NO_WORKER_GRACE_SECONDS',
    kind: wholeNumber(0, 86_400),
    default: '120',
    sentence:
      'Requests are still taken this long after the last worker was seen (it may restart), and after a ' +
      'gateway has started without any; then they are 502.',
  },
} as const satisfies Record<string, Setting>;
