/**
 * What a promise gives, unless the signal is aborted before. The promise goes on all the same.
 * @param reason message of the error that is thrown then.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal, reason: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Error(reason));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
