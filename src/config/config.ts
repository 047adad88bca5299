import { readFileSync } from 'node:fs';
import { parseTopology } from '../jobs/redis/redis-address.ts';
import type { Device } from '../networks/runtime/device.ts';
import { maskSecrets } from '../process/mask-secrets.ts';
import { exitWith } from '../process/report-failure.ts';
import type { Kind, Setting } from './setting-kinds.ts';
import { settings } from './settings.ts';

type ValueOf<Row> = Row extends { kind: Kind<infer Value>; default: string }
  ? Value
  : Row extends { kind: Kind<infer Value> }
    ? Value | undefined
    : never;

type Given = { readonly [Name in keyof typeof settings]: ValueOf<(typeof settings)[Name]> };

/** The settings of every process of the service, as the table in settings.ts describes them. */
export interface Config extends Omit<Given, 'device' | 'residentModels' | 'engineSilenceMaxSeconds'> {
  /**
   * Of DEVICES the first one. DEVICE=auto and DEVICES=all are the CPU until a process that computes has
   * chosen (see workers/supervisor/devices/choose-device.ts).
   */
  readonly device: Device;
  readonly isDeviceAutomatic: boolean;
  /** Why DEVICE=auto has become this device. */
  readonly deviceReason?: string;
  /** Infinity: all. */
  readonly residentModels: number;
  readonly engineSilenceMaxSeconds: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What is wrong with the environment: one line per bad variable with its value and what is allowed. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads every setting. Empty counts as unset, as docker compose writes unset variables.
 * @throws ConfigError naming every bad variable at once.
 */
export function readConfig(environment: Environment = process.env): Config {
  const complaints: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries<Setting>(settings)) {
    let text: string | undefined;
    try {
      text = givenText(setting.variable, environment) || setting.default;
    } catch (error) {
      complaints.push((error as Error).message);
      continue;
    }
    if (text === undefined) {
      values[name] = undefined;
      continue;
    }
    values[name] = setting.kind.parse(text);
    if (values[name] === undefined) complaints.push(complaint(setting, text));
  }
  const given = values as Given;
  if (complaints.length === 0) complaints.push(...contradictions(given, environment));
  if (complaints.length > 0) throw new ConfigError(['Bad configuration:', ...complaints].join('\n  '));
  const device = deviceOf(given);
  return Object.freeze({
    ...given,
    device,
    isDeviceAutomatic: given.device === 'auto' && given.devices === undefined,
    residentModels: given.residentModels ?? (device === 'cpu' ? Number.POSITIVE_INFINITY : 2),
    engineSilenceMaxSeconds: longestSilence(given),
  });
}

/**
 * An environment variable's own text, or that of the file that `NAME_FILE` names: secrets of Docker and
 * Kubernetes are files. Empty counts as unset.
 * @throws Error naming the variable where both are set, or the file cannot be read.
 */
export function givenText(variable: string, environment: Environment = process.env): string {
  const [text = '', file = ''] = [variable, fileVariable(variable)].map((name) => environment[name]?.trim());
  if (file === '') return text;
  const named = `${fileVariable(variable)}=${JSON.stringify(file)}`;
  if (text !== '') throw new ConfigError(`${named}: ${variable} is set too; one of them must go`);
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new ConfigError(`${named}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** What names a file that holds the variable's value. */
function fileVariable(variable: string): string {
  return `${variable}_FILE`;
}

/**
 * An environment for a child process in which these variables count, whatever files the present one names.
 */
export function withVariables(
  environment: NodeJS.ProcessEnv,
  values: Readonly<Record<string, string | undefined>>,
): NodeJS.ProcessEnv {
  const replaced = Object.fromEntries(Object.keys(values).map((name) => [fileVariable(name), undefined]));
  return { ...environment, ...replaced, ...values };
}

/** For the start of a process: what is wrong in one message on stderr, and exit code 1. */
export function readConfigOrExit(processName: string): Config {
  try {
    return readConfig();
  } catch (error) {
    if (error instanceof ConfigError) exitWith(processName, error);
    throw error;
  }
}

/** The address at which clients on this machine reach the HTTP service. */
export function localUrl({ host, port }: Pick<Config, 'host' | 'port'>): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/** Passwords and keys do not belong into logs. */
function complaint({ variable, kind, secret }: Setting, text: string): string {
  // A query may be what is wrong; of REDIS_URL's it is where a password may stand.
  const query = variable === settings.redisUrl.variable ? -1 : text.search(/[?#]/);
  const [front, rest] = query < 0 ? [text, ''] : [text.slice(0, query), text.slice(query)];
  // What is no address may hold a password all the same.
  const named = front.replace(/^([a-z+-]+:\/\/)?.*@/is, '$1***@');
  const shown = secret ? '***' : maskSecrets(named) + maskSecrets(rest);
  return `${variable}=${JSON.stringify(shown)}: must be ${kind.allowed}`;
}

/** Whether only this machine can reach an address to listen on. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** A step of full-size networks takes minutes on a small CPU. */
function longestSilence(given: Given): number {
  return given.engineSilenceMaxSeconds ?? (deviceOf(given) === 'cpu' ? 1800 : 600);
}

function deviceOf({ device, devices }: Given): Device {
  if (devices !== undefined) return devices === 'all' ? 'cpu' : devices[0]!;
  return device === 'auto' ? 'cpu' : device;
}

function contradictions(given: Given, environment: Environment): string[] {
  const { auth, host, engineSilenceMinSeconds: least } = given;
  const most = longestSilence(given);
  const open = `AUTH="off" with HOST="${host}": anybody who reaches this machine could use it; set AUTH=on or HOST=127.0.0.1`;
  const topology = parseTopology(given.redisUrl ?? '');
  const noDatabase = `REDIS_URL=${JSON.stringify(maskSecrets(given.redisUrl ?? ''))}: must be without "/${topology?.db}", a Redis Cluster has database 0 alone`;
  const device = givenText(settings.device.variable, environment);
  const twoDevices = `DEVICE=${JSON.stringify(device)}: DEVICES is set too; one of them must go`;
  const halfCertificate = 'REDIS_TLS_CERT and REDIS_TLS_KEY: both or neither';
  const halfSignature = 'C2PA_CERTIFICATE and C2PA_KEY: both or neither; pictures are signed with both';
  const inverted = `ENGINE_SILENCE_MIN_SECONDS="${least}": must not be above ENGINE_SILENCE_MAX_SECONDS, ${most}`;
  return [
    ...(auth || isLoopback(host) ? [] : [open]),
    ...(least > most ? [inverted] : []),
    ...storeContradictions(given),
    ...(given.devices !== undefined && device !== '' ? [twoDevices] : []),
    ...(topology?.kind === 'cluster' && topology.db !== 0 ? [noDatabase] : []),
    ...((given.redisTlsCert === undefined) === (given.redisTlsKey === undefined) ? [] : [halfCertificate]),
    ...((given.c2paCertificate === undefined) === (given.c2paKey === undefined) ? [] : [halfSignature]),
  ];
}

function storeContradictions(given: Given): string[] {
  const { results, resultLinks, awsAccessKeyId, awsSecretAccessKey } = given;
  if (results.kind === 's3')
    return awsAccessKeyId === undefined || awsSecretAccessKey === undefined
      ? [`RESULTS="s3://${results.bucket}/...": AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set`]
      : [];
  return resultLinks === 'signed'
    ? ['RESULT_LINKS="signed": only where RESULTS is s3://bucket/prefix; nothing else has such links']
    : [];
}
