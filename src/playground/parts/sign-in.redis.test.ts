import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { createSignInToken } from '../../jobs/keys/sign-in-tokens.ts';
import { noBrowser, openBrowser, watchedPage } from '../../testing/browser.ts';
import { after, before } from '../../testing/hooks.ts';
import { type PageService, startPageService } from '../testing/page-service.ts';
import { generate, signedIn, stagePicture } from '../testing/signed-in.ts';

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

  test('where no key is asked for the page opens at once, and its code has none', async () => {
    const open = await startPageService({ auth: false });
    try {
      const { page, troubles } = await watchedPage(browser, open.base);
      await page.goto(open.base);
      await generate(page, 'a red star');
      await stagePicture(page);
      assert.equal(await page.getByRole('button', { name: 'Sign out' }).count(), 0);
      await page.getByRole('button', { name: 'As code' }).click();
      assert.doesNotMatch((await page.locator('dialog pre').textContent())!, /api-key/);
      assert.deepEqual(troubles, []);
    } finally {
      await open.close();
    }
  });

  test('behind a path of a proxy everything is found under that path', async () => {
    const proxy = http.createServer((request, response) => {
      const { url = '', method, headers } = request;
      if (!url.startsWith('/pictures/')) return response.writeHead(404).end();
      const to = `${service.base}${url.slice('/pictures'.length)}`;
      return request.pipe(
        http.request(to, { method: method!, headers }, (answer) => {
          response.writeHead(answer.statusCode!, answer.headers);
          answer.pipe(response);
        }),
      );
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/pictures`;
    try {
      const { page, troubles } = await signedIn(browser, { ...service, base });
      await generate(page, 'a red star');
      await stagePicture(page);
      await page.getByRole('button', { name: 'As code' }).click();
      assert.ok((await page.locator('dialog pre').textContent())!.includes(`'${base}/v1/sdxl-torch'`));
      assert.deepEqual(troubles, []);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });
});
