import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes, randomUUID } from 'node:crypto';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';

/**
 * One-time tokens that are exchanged for an API key. Redis holds the key sealed with the token itself
 * (AES-256-GCM under HKDF-SHA-256, RFC 5869), so that neither its files nor its readers give one away.
 */

const cipher = 'aes-256-gcm';
const [ivBytes, tagBytes] = [12, 16];

const placeOf = (token: string): string => keyOf.signIn(createHash('sha256').update(token).digest('hex'));
const sealingKey = (token: string): Buffer =>
  Buffer.from(hkdfSync('sha256', token, '', 'sdxl-server sign-in', 32));

/** @returns a token of 128 random bits, good once and for that many seconds. */
export async function createSignInToken(redis: Connection, key: string, seconds: number): Promise<string> {
  const token = randomBytes(16).toString('base64url');
  const iv = randomBytes(ivBytes);
  const seal = createCipheriv(cipher, sealingKey(token), iv);
  const sealed = Buffer.concat([seal.update(key, 'utf8'), seal.final()]);
  const stored = Buffer.concat([iv, seal.getAuthTag(), sealed]).toString('base64');
  await redis.set(placeOf(token), stored, 'EX', seconds);
  return token;
}

/** The answer stays for a while under the name of this call, which may be sent again. */
const redeemScript = defineScript(`
local before = redis.call('GET', KEYS[2])
if before then return before end
local stored = redis.call('GET', KEYS[1])
if not stored then return false end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], stored, 'EX', 60)
return stored`);

/**
 * The key behind a token, which is used up by asking; undefined for an unknown, a used and an expired one.
 */
export async function redeemSignInToken(redis: Connection, token: string): Promise<string | undefined> {
  const kept = keyOf.signIn(`redeemed:${randomUUID()}`);
  const stored = await redeemScript.run(redis, [placeOf(token), kept]);
  if (stored === null) return undefined;
  const bytes = Buffer.from(String(stored), 'base64');
  const open = createDecipheriv(cipher, sealingKey(token), bytes.subarray(0, ivBytes));
  open.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
  return Buffer.concat([open.update(bytes.subarray(ivBytes + tagBytes)), open.final()]).toString('utf8');
}
