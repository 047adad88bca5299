import { CallFailed } from '../../client/http.ts';
import { createStore } from '../parts/store.ts';
import { readOverview } from './api.ts';
import type { Overview } from './wire.ts';

/** What the administrator sees, as last read; undefined until it has been read once. */
export const overview = createStore<Overview | undefined>(undefined);
/** What the last act or reading was refused with. */
export const adminTrouble = createStore<string | undefined>(undefined);

const refreshMs = 3000;

/** @throws CallFailed 401 without a valid key, 403 where it is no admin key. */
export async function refresh(): Promise<void> {
  overview.set(await readOverview());
}

/** Reads again now and then while the page is looked at. @returns what ends that. */
export function keepReading(): () => void {
  const timer = setInterval(() => {
    if (!document.hidden) refresh().catch(tell);
  }, refreshMs);
  return () => clearInterval(timer);
}

/** Does something and shows what became of it. */
export async function doAndShow<Done>(work: () => Promise<Done>): Promise<Done | undefined> {
  try {
    const done = await work();
    adminTrouble.set(undefined);
    await refresh();
    return done;
  } catch (error) {
    tell(error);
    return undefined;
  }
}

function tell(error: unknown): void {
  adminTrouble.set(error instanceof CallFailed ? error.message : String(error));
}
