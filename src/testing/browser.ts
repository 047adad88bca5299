import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** The machine's Chromium, for tests of pages. */
const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
);

/** Why tests that need a browser are skipped; false where there is one. */
export const noBrowser = browserPath === undefined && 'no Chromium is installed on this machine';

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: browserPath!,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
}

/** A tab with what went wrong in it. */
export interface WatchedPage {
  readonly page: Page;
  /**
   * Messages on the console, uncaught errors, breaches of the policy, and requests to other hosts than
   * `base`.
   */
  readonly troubles: string[];
}

/** A tab in a session of its own. */
export async function watchedPage(
  browser: Browser,
  base: string,
  options: BrowserContextOptions = {},
  troubles: string[] = [],
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.on('console', (message) => troubles.push(`console ${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => troubles.push(`error: ${error.stack}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${base}/`) && !url.startsWith('blob:')) troubles.push(`request: ${url}`);
  });
  return { page, troubles };
}
