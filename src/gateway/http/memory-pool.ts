import { ApiError } from '../../contract/errors.ts';

/** Bytes of memory that requests may take together; who finds none waits a while, then is told 503. */
export interface MemoryPool {
  /**
   * Resolves with what gives the bytes back, once they are free; those who came first are served first, but
   * nobody has more than half while others wait.
   * @param owner who shares with others: one API key, say.
   * @throws ApiError unavailable (503) where they do not become free in time.
   */
  take(bytes: number, owner: string): Promise<() => void>;
}

export interface MemoryPoolOptions {
  readonly bytes: number;
  /** How long a request waits for its turn. */
  readonly waitMs: number;
  /** Requests that may wait at once. */
  readonly mostWaiting: number;
  /** What those are told who get none. */
  readonly busy: string;
  /** Hears of the bytes that are given back. */
  readonly onGivenBack?: (bytes: number) => void;
}

interface Waiting {
  readonly bytes: number;
  readonly owner: string;
  readonly enter: () => void;
}

export function createMemoryPool({
  bytes: room,
  waitMs,
  mostWaiting,
  busy,
  onGivenBack = () => undefined,
}: MemoryPoolOptions): MemoryPool {
  const waiting = new Set<Waiting>();
  const takenBy = new Map<string, number>();
  let taken = 0;

  /** What does not fit at all fits alone. */
  const fits = (bytes: number): boolean => taken === 0 || taken + bytes <= room;
  const isGreedy = ({ bytes, owner }: Waiting): boolean => {
    const own = takenBy.get(owner) ?? 0;
    return own > 0 && own + bytes > room / 2;
  };
  const count = (owner: string, bytes: number): void => {
    taken += bytes;
    const own = (takenBy.get(owner) ?? 0) + bytes;
    if (own > 0) takenBy.set(owner, own);
    else takenBy.delete(owner);
  };
  const serve = (): void => {
    const others = (owner: string) => [...waiting].some((each) => each.owner !== owner);
    for (const each of waiting) {
      if (isGreedy(each) && others(each.owner)) continue;
      if (!fits(each.bytes)) return;
      waiting.delete(each);
      each.enter();
    }
  };

  return {
    take: (bytes, owner) =>
      new Promise((resolve, reject) => {
        let timer: NodeJS.Timeout | undefined;
        const enter = (): void => {
          clearTimeout(timer);
          count(owner, bytes);
          let held = true;
          resolve(() => {
            if (!held) return;
            held = false;
            count(owner, -bytes);
            onGivenBack(bytes);
            serve();
          });
        };
        const self: Waiting = { bytes, owner, enter };
        waiting.add(self);
        serve();
        if (!waiting.has(self)) return;
        const giveUp = (): void => {
          waiting.delete(self);
          reject(new ApiError('unavailable', busy));
          serve();
        };
        if (waiting.size > mostWaiting) giveUp();
        else timer = setTimeout(giveUp, waitMs);
      }),
  };
}
