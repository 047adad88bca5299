/**
 * Keeps bytes under paths such as `<request id>/<token>-<i>.jpg`. A path is written once; whatever else
 * fails, what can be read under it is all that was put there, or nothing.
 */
export interface ResultStore {
  /** As logs and Redis name it. It holds nothing secret, and is the same for every process that shares it. */
  readonly name: string;
  /** Resolves once the bytes are kept for good. @throws StoreError */
  put(path: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /** Undefined where nothing is. @throws StoreError */
  get(path: string): Promise<Buffer | undefined>;
  /** Also where nothing is. @throws StoreError */
  delete(path: string): Promise<void>;
  /** An address that anybody can read it at for so many seconds; absent where a store has no addresses. */
  readonly link?: (path: string, seconds: number) => Promise<string>;
  /**
   * What is kept and for how long already; absent where a store has other ways to get rid of what is lost.
   */
  readonly list?: () => AsyncIterable<{ readonly path: string; readonly ageMs: number }>;
}

/** A store could not do what was asked of it; it may later. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/** Parts of letters, digits, `-`, `_` and dots inside them: nothing that leads elsewhere in any store. */
const safePath = /^[\w-]+(?:\.[\w-]+)*(?:\/[\w-]+(?:\.[\w-]+)*)*$/;

/** @throws Error where a path could mean something else than itself; that is the caller's mistake. */
export function assertSafePath(path: string): void {
  if (!safePath.test(path)) throw new Error(`${JSON.stringify(path)} is no path of a result`);
}
