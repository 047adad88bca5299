import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';

/**
 * Where the calls of one owner are that make several requests one after another, so that every gateway can
 * tell of them and stop them.
 */
export interface IteratedCall {
  readonly id: string;
  readonly operation: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** From 0. */
  readonly iteration: number;
  readonly iterations: number;
  /** Id of the request that it waits for. */
  readonly request: string;
}

/** A call whose gateway died is forgotten after this long. */
const callSeconds = 6 * 3600;
/** What an owner has set and not set again is forgotten after this long. */
const choiceSeconds = 90 * 24 * 3600;
const stopOf = (id: string) => `stop:${id}`;

export async function saveCall(redis: Connection, owner: string, call: IteratedCall): Promise<void> {
  const key = keyOf.iteratedCalls(owner);
  await redis.multi().hset(key, call.id, JSON.stringify(call)).expire(key, callSeconds).exec();
}

export async function endCall(redis: Connection, owner: string, id: string): Promise<void> {
  await redis.hdel(keyOf.iteratedCalls(owner), id, stopOf(id));
}

/** The calls of an owner, the oldest first. */
export async function listCalls(redis: Connection, owner: string): Promise<IteratedCall[]> {
  const stored = await redis.hgetall(keyOf.iteratedCalls(owner));
  return Object.entries(stored)
    .filter(([name]) => !name.startsWith('stop:'))
    .map(([, json]) => JSON.parse(json) as IteratedCall)
    .sort((a, b) => a.since - b.since);
}

/** Nothing further of the call is begun. */
export async function stopCall(redis: Connection, owner: string, id: string): Promise<void> {
  await redis.hset(keyOf.iteratedCalls(owner), stopOf(id), '1');
}

export async function isStopped(redis: Connection, owner: string, id: string): Promise<boolean> {
  return (await redis.hexists(keyOf.iteratedCalls(owner), stopOf(id))) === 1;
}

/** The checkpoint that an owner has set for all its calls; undefined where it has set none. */
export async function readChosenCheckpoint(redis: Connection, owner: string): Promise<string | undefined> {
  return (await redis.hget(keyOf.chosen(owner), 'checkpoint')) ?? undefined;
}

export async function chooseCheckpoint(redis: Connection, owner: string, name: string): Promise<void> {
  const key = keyOf.chosen(owner);
  await redis.multi().hset(key, 'checkpoint', name).expire(key, choiceSeconds).exec();
}
