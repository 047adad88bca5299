import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';

/**
 * API keys as text, one JSON object a line, so that they outlive their Redis. Nothing in it lets anybody in:
 * of a key only its SHA-256 is there. `credits` and `spent` are whole millionths, as stored.
 */

const wholeNumber = /^-?\d{1,16}$/;
/** What the fields of a key must look like; those of the first line are in every key. */
const patterns: ReadonlyMap<string, RegExp> = new Map(
  Object.entries({
    ...{ id: /^[0-9a-f]{16}$/, digest: /^[0-9a-f]{64}$/, name: /^/, createdAt: wholeNumber },
    ...{ endpoints: /^[\w,.-]+$/, credits: wholeNumber, spent: wholeNumber },
    ...{ requestsPerMinute: wholeNumber, maxQueued: wholeNumber, admin: /^1$/ },
  }),
);
const required = ['id', 'digest', 'name', 'createdAt'];

type ExportedKey = Readonly<Record<string, string>> & { readonly id: string };

/** A key that exists keeps its limits and its balance. */
const importScript = defineScript(`
if redis.call('EXISTS', KEYS[1]) == 1 then
  return redis.call('GET', KEYS[3]) and 1 or 0
end
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('SET', KEYS[3], 1, 'EX', ARGV[2])
return 1`);

/** Every API key, a line of JSON for each. */
export async function exportApiKeys(redis: Connection): Promise<string[]> {
  const ids = (await redis.smembers(keyOf.apiKeys)).sort();
  const stored = await Promise.all(ids.map((id) => redis.hgetall(keyOf.apiKey(id))));
  return ids.map((id, index) => JSON.stringify({ id, ...stored[index] }));
}

/**
 * Adds the keys of an export that do not exist; all of them are looked at before the first is written.
 * @param operation names this import: run again under it, it says the same.
 * @returns how many were added, and how many were there already.
 * @throws Error naming the line that is no key.
 */
export async function importApiKeys(
  redis: Connection,
  text: string,
  operation: string,
): Promise<{ readonly added: number; readonly present: number }> {
  const keys = text
    .split('\n')
    .flatMap((line, index) => (line.trim() === '' ? [] : [parse(line, index + 1)]));
  let added = 0;
  for (const { id, ...fields } of keys) {
    const names = [keyOf.apiKey(id), keyOf.apiKeys, keyOf.keyImport(operation, id)];
    const values = Object.entries(fields).flat();
    if ((await importScript.run(redis, names, [id, 60, ...values])) === 1) added += 1;
  }
  return { added, present: keys.length - added };
}

function parse(line: string, number: number): ExportedKey {
  let given: unknown;
  try {
    given = JSON.parse(line);
  } catch {
    throw new Error(`line ${number} is not JSON`);
  }
  const fields = Object.entries(given !== null && typeof given === 'object' ? given : {});
  const names = fields.map(([name]) => name);
  const wrong =
    required.find((name) => !names.includes(name)) ??
    fields.find(([name, value]) => typeof value !== 'string' || !patterns.get(name)?.test(value))?.[0];
  if (wrong !== undefined) throw new Error(`line ${number} is no exported API key: ${wrong} is wrong`);
  const key = Object.fromEntries(fields) as Record<string, string> & { id: string };
  if (!key.digest!.startsWith(key.id))
    throw new Error(`line ${number} is no exported API key: id is not that of the digest`);
  return key;
}
