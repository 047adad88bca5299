import { CallFailed } from '../../client/http.ts';
import { readOffer } from './api.ts';
import { leave } from './session.ts';
import { createStore } from './store.ts';
import type { Offered } from './wire.ts';

/** What the server offers, as last read; undefined until it has been read once. */
export const offered = createStore<Offered | undefined>(undefined);
export const serverAway = createStore(false);

const refreshMs = 10_000;

/** @throws CallFailed 401 without a valid key. */
export async function readOffered(): Promise<void> {
  offered.set(await readOffer());
  serverAway.set(false);
}

/** Reads it again now and then while the page is looked at. @returns what ends that. */
export function keepFresh(): () => void {
  const read = async (): Promise<void> => {
    if (document.hidden) return;
    try {
      await readOffered();
    } catch (error) {
      if (error instanceof CallFailed && error.status === 401) leave();
      else serverAway.set(true);
    }
  };
  const timer = setInterval(read, refreshMs);
  document.addEventListener('visibilitychange', read);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', read);
  };
}
