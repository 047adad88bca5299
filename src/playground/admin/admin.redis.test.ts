import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { createApiKey, findApiKey } from '../../jobs/keys/api-keys.ts';
import { noBrowser, openBrowser, watchedPage } from '../../testing/browser.ts';
import { after, before } from '../../testing/hooks.ts';
import { type PageService, startPageService } from '../testing/page-service.ts';
import { seriousFindings } from '../testing/serious-findings.ts';

describe('the page at /admin', { skip: noBrowser }, () => {
  let browser: Browser;
  let service: PageService;
  let key: string;
  const troubles: string[] = [];
  before(async () => {
    [browser, service] = await Promise.all([openBrowser(), startPageService()]);
    ({ key } = await createApiKey(service.producer.redis, 'root', { admin: true }));
  });
  after(async () => {
    await browser.close();
    await service.close();
  });

  const open = async (with_ = key): Promise<Page> => {
    const { page } = await watchedPage(browser, service.base, {}, troubles);
    await page.goto(`${service.base}/admin`);
    await page.getByLabel('API key').fill(with_);
    await page.keyboard.press('Enter');
    return page;
  };
  const submit = async (prompt: string): Promise<string> => {
    const response = await fetch(`${service.base}/v2/sdxl-torch`, {
      method: 'POST',
      headers: { 'x-api-key': service.key, 'content-type': 'application/json' },
      body: JSON.stringify({ prompt }),
    });
    return ((await response.json()) as { request_id: string }).request_id;
  };
  const section = (page: Page, name: string) => page.getByRole('region', { name, exact: true }).first();

  test('a key that is no admin key is told so and stays outside', async () => {
    const page = await open(service.key);
    assert.match((await page.getByRole('alert').textContent())!, /admin keys/);
    troubles.length = 0;
  });

  test('a running request is seen with its step and worker, and can be cancelled', async () => {
    const page = await open();
    const id = await submit('hold');
    const row = section(page, 'Running and waiting').locator('li', { hasText: id.slice(0, 8) });
    await row.getByText(/step 3 of/).waitFor();
    await row.getByRole('button', { name: 'Cancel' }).click();
    await section(page, 'Recent failures').getByText(id.slice(0, 8)).waitFor();
    assert.equal((await service.producer.read(id))?.status, 'FAILED');
  });

  test('a paused queue keeps what waits, in an order that the administrator can change', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('paused', { exact: true }).waitFor();
    const [first, last] = [await submit('one'), await submit('two')];
    const row = section(page, 'Running and waiting').locator('li', { hasText: last.slice(0, 8) });
    await row.getByRole('button', { name: 'To the front' }).click();
    await section(page, 'What administrators did').getByText('move to the front').first().waitFor();
    const begun = service.begun.length;
    await page.getByRole('button', { name: 'Resume' }).click();
    for (const id of [first, last]) await service.producer.waitFor(id, 20_000);
    assert.deepEqual(
      service.begun.slice(begun).map(({ prompt }) => prompt),
      ['two', 'one'],
    );
  });

  test('a key is made, shown once, credited and revoked after a second look', async () => {
    const page = await open();
    const keys = section(page, 'API keys');
    await keys.getByLabel('Name').fill('alice');
    await keys.getByLabel('Credits', { exact: true }).fill('5');
    await keys.getByRole('button', { name: 'Create' }).click();
    const made = (await keys.getByRole('status').locator('code').textContent())!;
    const { redis } = service.producer;
    assert.equal((await findApiKey(redis, made))?.credits, 5);
    await keys.getByLabel('Credits to add to alice').fill('2.5');
    await keys.getByRole('button', { name: 'Add credits' }).click();
    await keys.getByText('7.5 credits').waitFor();
    const row = keys.locator('li', { hasText: 'alice' });
    await row.getByRole('button', { name: 'Revoke' }).click();
    await row.getByRole('button', { name: 'Revoke for good?' }).click();
    await row.waitFor({ state: 'detached' });
    assert.equal(await findApiKey(redis, made), undefined);
  });

  test('axe has no serious finding, light and dark, and a phone needs no sideways scroll', async () => {
    const page = await open();
    await submit('hold');
    await section(page, 'Running and waiting')
      .getByText(/step 3 of/)
      .waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await seriousFindings(page), [], colorScheme);
    }
    await page.setViewportSize({ width: 360, height: 740 });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
    service.letGo();
  });

  test('nothing was blocked or reported on the console', () => {
    // Chromium itself puts refused requests on the console.
    assert.deepEqual(
      troubles.filter((trouble) => !trouble.includes('status of 401')),
      [],
    );
  });
});
