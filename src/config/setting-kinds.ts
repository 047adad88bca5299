import net from 'node:net';
import path from 'node:path';
import { parseTopology } from '../jobs/redis/redis-address.ts';

/** What an environment variable may hold. */
export interface Kind<Value> {
  /** Completes "must be". */
  readonly allowed: string;
  /**
   * The value of trimmed text that is not empty, or of a setting's default; undefined where it is not
   * allowed.
   */
  parse(text: string): Value | undefined;
}

/** One entry of the tables of settings. */
export interface Setting {
  /** Environment variable. */
  readonly variable: string;
  readonly kind: Kind<unknown>;
  /** As an operator would write it. Without one the value is undefined. */
  readonly default?: string;
  /** What it means, for docs/configuration.md. */
  readonly sentence: string;
  /** Never repeated in a message. */
  readonly secret?: true;
}

export function wholeNumber(least: number, most: number): Kind<number> {
  return {
    allowed: `a whole number from ${least} to ${most}`,
    parse: (text) => (/^\d+$/.test(text) ? within(least, most, Number(text)) : undefined),
  };
}

export function decimal(most: number): Kind<number> {
  return {
    allowed: `a number from 0 to ${most} with at most 6 decimals`,
    parse: (text) => (/^\d+(\.\d{1,6})?$/.test(text) ? within(0, most, Number(text)) : undefined),
  };
}

function within(least: number, most: number, value: number): number | undefined {
  return value >= least && value <= most ? value : undefined;
}

const byteUnits: Readonly<Record<string, number>> = {
  ...{ MB: 1e6, GB: 1e9, MiB: 2 ** 20, GiB: 2 ** 30 },
};

/** So many bytes, or a share of all there is. */
export const memorySize: Kind<{ readonly bytes: number } | { readonly share: number }> = {
  allowed: 'a size such as 12GB, 11.5GiB or 8000MB, or a share such as 80%',
  parse: (text) => {
    const [, digits, unit] = /^(\d+(?:\.\d+)?) ?(MB|GB|MiB|GiB|%)$/.exec(text) ?? [];
    const number = Number(digits);
    if (unit === undefined || number === 0) return undefined;
    if (unit === '%') return number <= 100 ? { share: number / 100 } : undefined;
    return { bytes: number * byteUnits[unit]! };
  },
};

export function oneOf<const Word extends string>(...words: readonly Word[]): Kind<Word> {
  return { allowed: words.join(' or '), parse: (text) => words.find((word) => word === text) };
}

export const onOrOff: Kind<boolean> = {
  allowed: 'on or off',
  parse: (text) => (text === 'on' ? true : text === 'off' ? false : undefined),
};

export function word(isWord: (text: string) => boolean, allowed: string): Kind<string> {
  return { allowed, parse: (text) => (isWord(text) ? text : undefined) };
}

/** Made absolute from the working directory. */
export function place(allowed: 'a file' | 'a folder'): Kind<string> {
  return { allowed, parse: (text) => path.resolve(text) };
}

/** Separated by commas; the empty text is none. */
export function listOf(isItem: (text: string) => boolean, what: string): Kind<readonly string[]> {
  return {
    allowed: `${what}, or several separated by commas`,
    parse: (text) => {
      const items = text.split(',').flatMap((item) => item.trim() || []);
      return items.every(isItem) ? Object.freeze(items) : undefined;
    },
  };
}

/**
 * Without the slash at its end. Answers repeat it, so it holds nothing secret and paths can be put behind it.
 */
export const httpUrl: Kind<string> = {
  allowed: 'an http:// or https:// address without user name, query or fragment',
  parse: (text) => {
    const url = URL.parse(text);
    if (url === null || !/^https?:$/.test(url.protocol) || /[?#]/.test(text)) return undefined;
    return url.username === '' && url.password === '' ? text.replace(/\/+$/, '') : undefined;
  },
};

/** `host`, its ports 80 and 443, or `host:port`; in lower case, as URLs give it. */
export const isHostAndPort = (text: string): boolean => {
  const url = URL.parse(`http://${text}`);
  return url !== null && [url.host, `${url.hostname}:80`].includes(text);
};

/** As browsers send it: scheme, host and a port that is not the scheme's own. */
export const isOrigin = (text: string): boolean =>
  text === '*' || (/^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text);

export const isAddressRange = (text: string): boolean => {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', prefix, ...rest] = text.split('/');
  const bits = { 0: -1, 4: 32, 6: 128 }[net.isIP(address)] ?? -1;
  if (bits < 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
};

/** Longest path of a unix socket in bytes, without the final zero byte (unix(7)). */
const longestSocketPath = 107;

/** One server with a database by its number, the path of a socket, Sentinels, or nodes of a cluster. */
export const isRedisUrl = (text: string): boolean => {
  if (parseTopology(text) !== undefined) return true;
  if (/^(unix:)?\//.test(text))
    return Buffer.byteLength(text.replace(/^unix:(\/\/(?=\/))?/, '')) <= longestSocketPath;
  if (!URL.canParse(text)) return false;
  const { protocol, pathname } = new URL(text);
  return /^rediss?:$/.test(protocol) && /^\/?\d*$/.test(pathname);
};

/** The form and the key lengths of standardwebhooks.com, specification 1.0.0. */
export const isWebhookSecret = (text: string): boolean => {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  const { length } = Buffer.from(encoded ?? '', 'base64');
  return length >= 24 && length <= 64;
};
