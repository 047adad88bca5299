import { createStore } from './store.ts';

/** The API key this tab is signed in with. It lives in the tab: closing it forgets the key. */

const place = 'sdxl-server.key';
const linkPattern = /^#sign-in=([\w-]+)$/;

export const apiKey = createStore<string | undefined>(sessionStorage.getItem(place) ?? undefined);

export function signIn(key: string): void {
  sessionStorage.setItem(place, key);
  apiKey.set(key);
}

export function signOut(): void {
  sessionStorage.removeItem(place);
  apiKey.set(undefined);
}

/**
 * The token of a one-time link that opened the page, taken out of the address bar. It stands in the fragment,
 * which browsers send to nobody.
 */
export function takeLinkToken(): string | undefined {
  const token = linkPattern.exec(location.hash)?.[1];
  if (token !== undefined) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

/** Forgets the key and begins anew. */
export function leave(): void {
  signOut();
  location.reload();
}
