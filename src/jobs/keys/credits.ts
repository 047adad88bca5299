import { randomUUID } from 'node:crypto';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';

/** Credits are kept in whole millionths, so that reserving and giving back never rounds. */
const scale = 1_000_000;

/** Most credits a key can hold: their millionths stay exact in a double. */
export const mostCredits = 1_000_000_000;

export function toMillionths(credits: number): number {
  return Math.round(credits * scale);
}

export function fromMillionths(millionths: number | string): number {
  return Number(millionths) / scale;
}

export interface Balance {
  /** undefined for an unlimited key, and where no key is asked for. */
  readonly remaining: number | undefined;
  /** Credits charged so far and not given back. */
  readonly used: number;
}

/** What the owner of requests has left now. */
export async function readBalance(redis: Connection, owner: string): Promise<Balance> {
  const [credits, spent] = await redis.hmget(keyOf.apiKey(owner), 'credits', 'spent');
  return {
    remaining: credits == null ? undefined : fromMillionths(credits),
    used: fromMillionths(spent ?? 0),
  };
}

/** The last changes of a balance are remembered by name, so that each is made once. */
const rememberedSeconds = 3600;

const addScript = defineScript(`
if redis.call('HEXISTS', KEYS[1], 'credits') == 0 then return false end
local before = redis.call('GET', KEYS[2])
if before then return before end
local balance = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'credits', ARGV[1]))
redis.call('SET', KEYS[2], balance, 'EX', ARGV[2])
return balance`);

/**
 * Adds credits (or takes some, where negative: the balance may fall below zero).
 * @param operation names this change: it is made once, however often it is asked for within an hour.
 * @returns the new balance; undefined where there is no such key or it is unlimited.
 */
export async function addCredits(
  redis: Connection,
  keyId: string,
  credits: number,
  operation: string = randomUUID(),
): Promise<number | undefined> {
  const keys = [keyOf.apiKey(keyId), keyOf.creditChange(keyId, operation)];
  const balance = await addScript.run(redis, keys, [toMillionths(credits), rememberedSeconds]);
  return balance === null ? undefined : fromMillionths(balance as string);
}
