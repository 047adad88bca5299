import type { Log } from '../../../src/jobs/log.ts';
import { proveStore } from '../../../src/results/open-results.ts';
import { type ResultStore, StoreError } from '../../../src/results/result-store.ts';

/** A store whose failures are noticed. */
export interface WatchedStore {
  readonly store: ResultStore;
  /** False from a picture that was not taken until it takes something again. */
  isUsable(): boolean;
  stop(): void;
}

const probeIntervalMs = 5000;

/**
 * Watches where pictures are put: while that fails, no further job is begun only to be lost.
 * @param onBack it takes pictures again.
 */
export function watchStore(
  store: ResultStore,
  log: Log,
  onBack: () => void,
  intervalMs = probeIntervalMs,
): WatchedStore {
  let probing: NodeJS.Timeout | undefined;
  const back = (): void => {
    if (probing === undefined) return;
    clearTimeout(probing);
    probing = undefined;
    log.info({ store: store.name }, 'pictures can be stored again');
    onBack();
  };
  const probe = (): void => {
    const own = setTimeout(() => {
      proveStore(store).then(back, () => {
        if (probing === own) probe();
      });
    }, intervalMs);
    own.unref();
    probing = own;
  };
  return {
    store: {
      ...store,
      put: async (path, bytes, contentType) => {
        try {
          await store.put(path, bytes, contentType);
        } catch (error) {
          if (error instanceof StoreError && probing === undefined) {
            log.error({ store: store.name, err: error }, 'no jobs are begun: pictures cannot be stored');
            probe();
          }
          throw error;
        }
        back();
      },
    },
    isUsable: () => probing === undefined,
    stop: () => {
      clearTimeout(probing);
      probing = undefined;
    },
  };
}
