import { Job, type Worker } from 'bullmq';
import { putInPlace, requeueRecord } from '../records/waiting-again.ts';
import type { Connection } from '../redis/connection.ts';
import { bullKeyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';

const strayScript = defineScript(`
local prefix, inHand = ARGV[1], {}
for _, id in ipairs(cjson.decode(ARGV[2])) do inHand[id] = true end
local strays = {}
for i = 3, #ARGV do
  for _, id in ipairs(redis.call('LRANGE', KEYS[i - 2], 0, -1)) do
    local token = redis.call('GET', ARGV[i] .. id .. ':lock')
    if token and not inHand[id] and string.sub(token, 1, #prefix) == prefix then
      strays[#strays + 1] = {i - 3, id, token}
    end
  end
end
return strays`);

/**
 * Gives back the jobs that a worker has taken without knowing: the answer was lost with the connection, and
 * what was sent again took another one. Nobody else would until their locks end.
 * @param prefix of the tokens of this worker's locks.
 * @param inHand ids of the jobs that it knows of.
 */
export async function giveBackStrays(
  redis: Connection,
  queues: ReadonlyMap<string, Worker>,
  prefix: string,
  inHand: readonly string[],
): Promise<void> {
  const routes = [...queues.keys()];
  const active = routes.map((route) => bullKeyOf(route, 'active'));
  const values = [prefix, JSON.stringify(inHand), ...routes.map((route) => bullKeyOf(route, ''))];
  const strays = (await strayScript.run(redis, active, values)) as [number, string, string][];
  for (const [index, id, token] of strays) {
    const route = routes[index]!;
    // It may have been marked as started when it was taken.
    await requeueRecord(redis, id, token, 'given back');
    const job = await Job.fromId(queues.get(route)!, id);
    // Whoever has it by now keeps it.
    await job?.moveToWait(token).catch(() => undefined);
    await putInPlace(redis, id, route);
  }
}
