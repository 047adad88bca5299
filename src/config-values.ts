import net from 'node:net';
import { z } from 'zod';

/** The kinds of values that environment variables hold. The description of each completes "must be". */

export const wholeNumber = (least: number, most: number, fallback: number) =>
  z
    .string()
    .regex(/^\d+$/)
    .transform(Number)
    .refine((value) => value >= least && value <= most)
    .or(z.undefined().transform(() => fallback))
    .describe(`a whole number from ${least} to ${most}`);

export const oneOf = <const Words extends readonly [string, ...string[]]>(
  words: Words,
  fallback: Words[number],
) =>
  z
    .enum(words)
    .default(fallback as never)
    .describe(words.join(' or '));

export const switched = (fallback: 'on' | 'off') =>
  z
    .enum(['on', 'off'])
    .default(fallback)
    .transform((word) => word === 'on')
    .describe('on or off');

export const decimal = (most: number, fallback: number) =>
  z
    .string()
    .regex(/^\d+(\.\d{1,6})?$/)
    .transform(Number)
    .refine((value) => value <= most)
    .or(z.undefined().transform(() => fallback))
    .describe(`a number from 0 to ${most} with at most 6 decimals`);

/** Comma-separated; empty is none. */
export const listOf = (isItem: (text: string) => boolean, what: string) =>
  z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((item) => item.trim() || []))
    .refine((items) => items.every(isItem))
    .describe(`${what}, or several separated by commas`);

export const isHttpUrl = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).search === '';

/** As `URL.host` gives it: lower case, the port left out where it is 80. */
export const isHostAndPort = (text: string): boolean =>
  URL.canParse(`http://${text}`) && new URL(`http://${text}`).host === text;

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

export const isRedisUrl = (text: string): boolean =>
  /^(unix:)?\//.test(text) || (URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol));

/** The form and the key lengths of standardwebhooks.com, specification 1.0.0. */
export const isWebhookSecret = (text: string): boolean => {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  const { length } = Buffer.from(encoded ?? '', 'base64');
  return length >= 24 && length <= 64;
};
