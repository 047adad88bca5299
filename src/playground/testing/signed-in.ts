import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { createSignInToken } from '../../jobs/keys/sign-in-tokens.ts';
import { type WatchedPage, watchedPage } from '../../testing/browser.ts';
import type { PageService } from './page-service.ts';

/** The page in a browser of its own, signed in by a link. */
export async function signedIn(
  browser: Browser,
  service: PageService,
  options: BrowserContextOptions = {},
  troubles: string[] = [],
): Promise<WatchedPage> {
  const watched = await watchedPage(browser, service.base, options, troubles);
  const token = await createSignInToken(service.producer.redis, service.key, 60);
  await watched.page.goto(`${service.base}/#sign-in=${token}`);
  await watched.page.waitForSelector('#request-form');
  return watched;
}

/** Sends what the form says, as Ctrl-Enter does. */
export async function generate(page: Page, prompt?: string): Promise<void> {
  if (prompt !== undefined) await page.getByLabel('Prompt', { exact: true }).fill(prompt);
  await page.keyboard.press('Control+Enter');
}

/** The first picture of the newest request, once the stage shows it, as this browser keeps it. */
export async function stagePicture(page: Page): Promise<Buffer> {
  await page.locator('#stage .outcome img.picture').waitFor();
  const encoded = await page.evaluate(async () => {
    const settled = <Value>(request: IDBRequest<Value>) =>
      new Promise<Value>((resolve) => {
        request.onsuccess = () => resolve(request.result);
      });
    const database = await settled(indexedDB.open('sdxl-server'));
    const read = (store: string) => database.transaction(store).objectStore(store);
    const entries = (await settled(read('entries').getAll())) as { id: string; createdAt: number }[];
    const { id } = entries.reduce((newest, entry) => (entry.createdAt > newest.createdAt ? entry : newest));
    const { outputs } = (await settled(read('pictures').get(id))) as { outputs: Blob[] };
    database.close();
    const bytes = new Uint8Array(await outputs[0]!.arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  });
  return Buffer.from(encoded, 'base64');
}
