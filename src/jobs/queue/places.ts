/**
 * The place of a request among all that wait, whatever models they need: lower priorities first, then in the
 * order of acceptance. place = priority * 2^45 + number of the request; exact in a double for priorities up
 * to 255.
 */
export const priorityUnit = 2 ** 45;

export function priorityOf(place: number): number {
  return Math.floor(place / priorityUnit);
}

/**
 * Lua: `placeJob(prioritized, id, place)` gives a job that waits its request's place in its queue's sorted
 * set. BullMQ's own scores are priority * 2^32 + a counter that starts anew with each empty queue and puts
 * jobs that come back behind all others.
 */
export const placeJob = `local function placeJob(prioritized, id, place)
  local priority = math.floor(place / ${priorityUnit})
  local number = (place - priority * ${priorityUnit}) % 2^32
  redis.call('ZADD', prioritized, priority * 2^32 + number, id)
end`;
