import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { createSignInToken } from '../jobs/records/sign-in-tokens.ts';
import { noBrowser, openBrowser, watchedPage } from '../testing/browser.ts';
import { type PageService, startPageService } from './testing/page-service.ts';

describe('signing in', { skip: noBrowser }, () => {
  let browser: Browser;
  let service: PageService;
  before(async () => {
    [browser, service] = await Promise.all([openBrowser(), startPageService()]);
  });
  after(async () => {
    await browser.close();
    await service.close();
  });

  test('a key opens the page, and a wrong one is told', async () => {
    const { page, troubles } = await watchedPage(browser, service.base);
    await page.goto(service.base);
    await page.getByLabel('API key').fill('SG_0000000000000000');
    await page.keyboard.press('Enter');
    assert.match((await page.getByRole('alert').textContent())!, /not valid/);
    await page.getByLabel('API key').fill(service.key);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#request-form');
    // Chromium itself puts refused requests on the console.
    const others = troubles.filter((trouble) => !trouble.includes('status of 401'));
    assert.deepEqual(others, []);
  });

  test('the key is kept in the tab only: it survives a reload, another tab asks for one', async () => {
    const { page } = await watchedPage(browser, service.base);
    await page.goto(service.base);
    await page.getByLabel('API key').fill(service.key);
    await page.keyboard.press('Enter');
    await page.waitForSelector('#request-form');
    await page.reload();
    await page.waitForSelector('#request-form');
    const stored = await page.evaluate(() => JSON.stringify({ ...localStorage }) + document.cookie);
    assert.equal(stored.includes(service.key), false);
    const other = await page.context().newPage();
    await other.goto(service.base);
    await other.getByLabel('API key').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('API key').waitFor();
  });

  test('a one-time link signs in, leaves no trace in the address, and works once', async () => {
    const token = await createSignInToken(service.producer.redis, service.key, 60);
    const { page, troubles } = await watchedPage(browser, service.base);
    await page.goto(`${service.base}/#sign-in=${token}`);
    await page.waitForSelector('#request-form');
    assert.equal(page.url(), `${service.base}/`);
    assert.deepEqual(troubles, []);
    const again = await watchedPage(browser, service.base);
    await again.page.goto(`${service.base}/#sign-in=${token}`);
    assert.match((await again.page.getByRole('alert').textContent())!, /used or is too old/);
    assert.equal(again.page.url(), `${service.base}/`);
  });
});
