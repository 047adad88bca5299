import path from 'node:path';
import { z } from 'zod';
import {
  decimal,
  isAddressRange,
  isHostAndPort,
  isHttpUrl,
  isOrigin,
  isRedisUrl,
  isWebhookSecret,
  listOf,
  oneOf,
  switched,
  wholeNumber,
} from './config-values.ts';

/** Where the networks run; `cuda:0` is the first NVIDIA device. */
export type Device = 'cpu' | 'webgpu' | `cuda:${number}`;

/** Empty counts as unset, as docker compose writes unset variables. */
const variables = {
  /** Port of the HTTP service. */
  PORT: wholeNumber(1, 65_535, 8080),
  /** Address the HTTP service listens on; the default cannot be reached from other machines. */
  HOST: z.string().default('127.0.0.1').describe('an address to listen on'),
  /** Where `npm start` keeps the queue and the results. */
  DATA_DIR: z.string().default('./data').describe('a folder'),
  /**
   * Folder of checkpoints, one sub-folder each. Unset: `npm start` serves the demo checkpoint, models/demo.
   */
  MODELS_DIR: z.string().optional().describe('a folder'),
  /** Which models of MODELS_DIR a worker serves, by the names that requests use; unset: all. */
  SERVE_MODELS: listOf(
    (text) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text),
    'a served name such as sdxl-base or juggernaut',
  ),
  /**
   * Checkpoints that stay loaded at once; a job for another one takes their place. Unset: all on the CPU, 2
   * elsewhere (base and refiner in float16 are 13 GB of weights).
   */
  RESIDENT_MODELS: wholeNumber(1, 64, 0),
  /**
   * A job whose checkpoint is not loaded waits this long for jobs of those that are; then checkpoints are
   * exchanged.
   */
  SWAP_AFTER_SECONDS: wholeNumber(0, 3600, 30),
  /** File in which a worker says every few seconds how it is, for workers/health.ts; unset: nowhere. */
  HEALTH_FILE: z.string().optional().describe('a file'),
  /** Redis to use. Unset: `npm start` runs a private one. */
  REDIS_URL: z
    .string()
    .refine(isRedisUrl)
    .optional()
    .describe('redis://host:port, rediss://host:port or unix:/path/to/socket'),
  /**
   * How clients reach this service; links in answers start with it. Unset: with the host that the client
   * asked.
   */
  PUBLIC_URL: z
    .string()
    .refine(isHttpUrl)
    .optional()
    .describe('an http:// or https:// address without a query'),
  DEVICE: z
    .string()
    .regex(/^(cpu|webgpu|cuda:\d{1,3})$/)
    .transform((text) => text as Device)
    .default('cpu')
    .describe('cpu, webgpu or cuda:N (cuda:0 is the first device)'),
  /** off: no API key is asked for; only where HOST is a loopback address. */
  AUTH: switched('on'),
  /**
   * Whether `Authorization: Bearer <key>` counts beside `x-api-key`; the published service takes only the
   * latter.
   */
  ACCEPT_BEARER: switched('off'),
  /** Requests without a valid key from one address in one minute before they are told 429 instead of 401. */
  AUTH_FAILURES_PER_MINUTE: wholeNumber(1, 1_000_000, 120),
  /** What one sample costs a key that has credits; keys without a limit pay nothing. */
  CREDITS_PER_SAMPLE: decimal(1_000_000, 1),
  /** Origins whose pages may call this service from a browser. */
  CORS_ORIGINS: listOf(isOrigin, '* or an origin such as https://pages.example'),
  /**
   * Proxies whose X-Forwarded-For, -Host and -Proto headers are believed; of anybody else they are ignored.
   */
  TRUST_PROXY: listOf(
    isAddressRange,
    'an address, a range such as 10.0.0.0/8, loopback, linklocal, uniquelocal',
  ),
  /** Names under /v1/ and /v2/ that answer 410 from now on. */
  RETIRED_SLUGS: listOf((text) => /^[\w.-]+$/.test(text), 'a name such as sdxl1.0-txt2img'),
  /** Random numbers of a request that names none: those of torch on CUDA (philox) or on the CPU. */
  RNG: oneOf(['philox', 'torch-cpu'], 'philox'),
  /** original: restore the mean after weighting tokens, as A1111's "Original" does. */
  PROMPT_EMPHASIS: oneOf(['no-norm', 'original'], 'no-norm'),
  /** Most 75-token chunks of a prompt. */
  PROMPT_MAX_CHUNKS: wholeNumber(1, 256, 16),
  /** Input pictures with more pixels are scaled down to it. */
  IMG2IMG_MAX_PIXELS: wholeNumber(64 * 64, 16_777_216, 1_572_864),
  /**
   * `host:port` pairs, comma-separated, from which input pictures may be fetched although they are private (a
   * bucket of one's own).
   */
  IMAGE_URL_ALLOW: listOf(isHostAndPort, 'host:port'),
  /** Key that webhook messages are signed with; unset: requests cannot name a webhook. */
  WEBHOOK_SECRET: z
    .string()
    .refine(isWebhookSecret)
    .optional()
    .describe('whsec_ and 24 to 64 random bytes in base64'),
  /** `host:port` pairs, comma-separated, that webhooks may call although they are private. */
  WEBHOOK_URL_ALLOW: listOf(isHostAndPort, 'host:port'),
  /** File of terms and /regular expressions/, one on each line; a prompt that holds one is FAILED. */
  CONTENT_DENY_LIST: z.string().optional().describe('a file'),
  /** Folder with the model.onnx of a safety classifier; a picture it objects to is FAILED. */
  SAFETY_CHECKER: z.string().optional().describe('a folder'),
  /** What `refiner: true` does where no refiner is installed: off = an error, base = the base alone. */
  REFINER_FALLBACK: oneOf(['off', 'base'], 'off'),
  /** After this long a /v1 request is answered with a timeout; its job goes on. */
  V1_DEADLINE_SECONDS: wholeNumber(1, 86_400, 600),
  /** A request that has not finished this long after its submission is FAILED. */
  JOB_DEADLINE_SECONDS: wholeNumber(1, 86_400, 3600),
  /** How long results stay readable; clients are promised one hour. */
  RESULT_TTL: wholeNumber(1, 86_400, 3600),
  /** Requests that may wait before further ones are turned away. */
  MAX_QUEUED: wholeNumber(1, 1_000_000, 1000),
  /**
   * Requests are still taken this long after the last worker was seen (it may restart); then they are 502.
   */
  NO_WORKER_GRACE_SECONDS: wholeNumber(0, 86_400, 120),
  /**
   * Samples of one request computed together: faster on a GPU, but low bits then depend on the companions.
   */
  ENGINE_BATCH: wholeNumber(1, 16, 1),
  /** Threads of one network call on the CPU; 0 lets ONNX Runtime take one per physical core. */
  ENGINE_THREADS: wholeNumber(0, 1024, 0),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], 'info'),
};

type Variables = z.output<z.ZodObject<typeof variables>>;

/** The settings of every process of the service. See the variables above for meaning and defaults. */
export interface Config {
  readonly port: number;
  readonly host: string;
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute; undefined where MODELS_DIR is unset. */
  readonly modelsDir: string | undefined;
  /** Served names; empty: all that are installed. */
  readonly serveModels: readonly string[];
  /** Infinity: all. */
  readonly residentModels: number;
  readonly swapAfterSeconds: number;
  /** Absolute. */
  readonly healthFile: string | undefined;
  readonly redisUrl: string | undefined;
  /** Without a slash at its end. */
  readonly publicUrl: string;
  /** PUBLIC_URL is unset: links in answers start with the host that the client asked instead. */
  readonly linksFollowHost: boolean;
  readonly device: Device;
  readonly auth: boolean;
  readonly acceptBearer: boolean;
  readonly authFailuresPerMinute: number;
  readonly creditsPerSample: number;
  readonly corsOrigins: readonly string[];
  readonly trustProxy: readonly string[];
  readonly retiredSlugs: readonly string[];
  readonly rng: Variables['RNG'];
  readonly promptEmphasis: Variables['PROMPT_EMPHASIS'];
  readonly promptMaxChunks: number;
  readonly img2imgMaxPixels: number;
  readonly imageUrlAllow: readonly string[];
  readonly webhookSecret: string | undefined;
  readonly webhookUrlAllow: readonly string[];
  /** Absolute. */
  readonly contentDenyList: string | undefined;
  /** Absolute. */
  readonly safetyChecker: string | undefined;
  readonly refinerFallback: Variables['REFINER_FALLBACK'];
  readonly v1DeadlineSeconds: number;
  readonly jobDeadlineSeconds: number;
  readonly resultTtlSeconds: number;
  readonly maxQueued: number;
  readonly noWorkerGraceSeconds: number;
  readonly engineBatch: number;
  readonly engineThreads: number;
  readonly logLevel: Variables['LOG_LEVEL'];
}

/** What is wrong with the environment: one line per bad variable with its value and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError naming every bad variable at once. */
export function readConfig(environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const given = Object.fromEntries(
    Object.keys(variables).map((name) => [name, environment[name]?.trim() || undefined]),
  );
  const parsed = z.object(variables).safeParse(given);
  const complaints = parsed.success ? contradictions(parsed.data) : badVariables(parsed.error, given);
  if (complaints.length > 0) throw new ConfigError(['Bad configuration:', ...complaints].join('\n  '));
  return toConfig(parsed.data!);
}

/** For the start of a process: what is wrong in one message on stderr, and exit code 1. */
export function readConfigOrExit(processName: string): Config {
  try {
    return readConfig();
  } catch (error) {
    if (error instanceof ConfigError) exitWith(processName, error.message);
    throw error;
  }
}

export function exitWith(processName: string, message: string): never {
  process.stderr.write(`${processName}: ${message}\n`);
  process.exit(1);
}

function badVariables(error: z.ZodError, given: Readonly<Record<string, string | undefined>>): string[] {
  const names = new Set(error.issues.map(({ path: [name] }) => String(name) as keyof typeof variables));
  return [...names].map((name) => {
    return `${name}=${JSON.stringify(shown(name, given[name]))}: must be ${variables[name].description}`;
  });
}

/** Passwords and keys do not belong into logs. */
function shown(name: string, value: string | undefined): string | undefined {
  return name === 'WEBHOOK_SECRET' ? '***' : value?.replace(/\/\/.*@/, '//***@');
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function contradictions({ AUTH, HOST }: Variables): string[] {
  if (AUTH || isLoopback(HOST)) return [];
  return [
    `AUTH="off" with HOST="${HOST}": anybody who reaches this machine could use it; set AUTH=on or HOST=127.0.0.1`,
  ];
}

/** The address clients on this machine can use when none is given. */
function localUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function toConfig(values: Variables): Config {
  return Object.freeze({
    port: values.PORT,
    host: values.HOST,
    dataDir: path.resolve(values.DATA_DIR),
    modelsDir: values.MODELS_DIR === undefined ? undefined : path.resolve(values.MODELS_DIR),
    serveModels: Object.freeze(values.SERVE_MODELS),
    residentModels: values.RESIDENT_MODELS || (values.DEVICE === 'cpu' ? Number.POSITIVE_INFINITY : 2),
    swapAfterSeconds: values.SWAP_AFTER_SECONDS,
    healthFile: values.HEALTH_FILE && path.resolve(values.HEALTH_FILE),
    redisUrl: values.REDIS_URL,
    publicUrl: (values.PUBLIC_URL ?? localUrl(values.HOST, values.PORT)).replace(/\/+$/, ''),
    linksFollowHost: values.PUBLIC_URL === undefined,
    device: values.DEVICE,
    auth: values.AUTH,
    acceptBearer: values.ACCEPT_BEARER,
    authFailuresPerMinute: values.AUTH_FAILURES_PER_MINUTE,
    creditsPerSample: values.CREDITS_PER_SAMPLE,
    corsOrigins: Object.freeze(values.CORS_ORIGINS),
    trustProxy: Object.freeze(values.TRUST_PROXY),
    retiredSlugs: Object.freeze(values.RETIRED_SLUGS),
    rng: values.RNG,
    promptEmphasis: values.PROMPT_EMPHASIS,
    promptMaxChunks: values.PROMPT_MAX_CHUNKS,
    img2imgMaxPixels: values.IMG2IMG_MAX_PIXELS,
    imageUrlAllow: Object.freeze(values.IMAGE_URL_ALLOW),
    webhookSecret: values.WEBHOOK_SECRET,
    webhookUrlAllow: Object.freeze(values.WEBHOOK_URL_ALLOW),
    contentDenyList: values.CONTENT_DENY_LIST && path.resolve(values.CONTENT_DENY_LIST),
    safetyChecker: values.SAFETY_CHECKER && path.resolve(values.SAFETY_CHECKER),
    refinerFallback: values.REFINER_FALLBACK,
    v1DeadlineSeconds: values.V1_DEADLINE_SECONDS,
    jobDeadlineSeconds: values.JOB_DEADLINE_SECONDS,
    resultTtlSeconds: values.RESULT_TTL,
    maxQueued: values.MAX_QUEUED,
    noWorkerGraceSeconds: values.NO_WORKER_GRACE_SECONDS,
    engineBatch: values.ENGINE_BATCH,
    engineThreads: values.ENGINE_THREADS,
    logLevel: values.LOG_LEVEL,
  });
}
