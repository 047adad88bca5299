/**
 * The place of a request among all that wait, whatever models they need: lower priorities first, then in the
 * order of acceptance. place = priority * 2^45 + number of the request; exact in a double for priorities up
 * to 255.
 */
export const priorityUnit = 2 ** 45;

export function priorityOf(place: number): number {
  return Math.floor(place / priorityUnit);
}
