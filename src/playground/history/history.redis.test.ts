import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { noBrowser, openBrowser } from '../../testing/browser.ts';
import { after, before } from '../../testing/hooks.ts';
import { fillHistory } from '../testing/fill-history.ts';
import { type PageService, startPageService } from '../testing/page-service.ts';
import { generate, signedIn, stagePicture } from '../testing/signed-in.ts';

describe('what this browser has asked for', { skip: noBrowser }, () => {
  let browser: Browser;
  let service: PageService;
  let page: Page;
  const troubles: string[] = [];
  const open = async (): Promise<void> => {
    const watched = await signedIn(browser, service, {}, troubles);
    page = watched.page;
  };
  before(async () => {
    [browser, service] = await Promise.all([openBrowser(), startPageService()]);
    await open();
  });
  after(async () => {
    await browser.close();
    await service.close();
  });
  const items = () => page.locator('.history li');
  const stage = () => page.locator('#stage');

  test('a request in hand is cancelled from the page, and so is one that waits', async () => {
    await generate(page, 'hold');
    await stage()
      .getByText(/Step 3 of 25/)
      .waitFor();
    await generate(page, 'a blue star');
    await stage().getByText('Next in the queue').waitFor();
    await stage().getByRole('button', { name: 'Cancel' }).click();
    await stage().getByText('This request failed').waitFor();
    await items().nth(1).getByRole('button', { name: 'Cancel' }).click();
    await items().nth(1).getByText('failed').waitFor();
    assert.equal(service.begun.length, 1);
  });

  test('a reload in mid-job loses nothing: the job is found by its id and its picture comes', async () => {
    await generate(page, 'hold');
    await stage()
      .getByText(/Step 3 of 25/)
      .waitFor();
    await page.reload();
    await stage()
      .getByText(/Step 3 of 25/)
      .waitFor();
    service.letGo();
    assert.ok((await stagePicture(page)).length > 100);
    assert.equal(await items().count(), 3);
  });

  test('several at once: each has its place, and they end in the order of the queue', async () => {
    await generate(page, 'hold');
    await stage()
      .getByText(/Step 3 of 25/)
      .waitFor();
    for (const prompt of ['a red star', 'a blue circle', 'a red circle']) {
      await generate(page, prompt);
      await stage().locator('.caption', { hasText: prompt }).waitFor();
    }
    service.letGo();
    for (const place of [0, 1, 2, 3]) await items().nth(place).getByText('0.3 s').waitFor();
    const prompts = service.begun.slice(-3).map(({ prompt }) => prompt);
    assert.deepEqual(prompts, ['a red star', 'a blue circle', 'a red circle']);
  });

  test('arrow keys go through the history, and a deleted request is gone after a reload too', async () => {
    await items().nth(0).locator('.open').click();
    await page.keyboard.press('ArrowDown');
    await stage().locator('.caption', { hasText: 'a blue circle' }).waitFor();
    const before = await items().count();
    await items().nth(1).getByRole('button', { name: 'Delete' }).click();
    // It leaves the list once it has left the database.
    await items()
      .nth(before - 1)
      .waitFor({ state: 'detached' });
    await page.reload();
    await items()
      .nth(before - 2)
      .waitFor();
    assert.equal(await items().count(), before - 1);
    assert.equal(await items().getByText('a blue circle').count(), 0);
  });

  test('what the server has forgotten keeps its picture here; what it forgot before the end is told to be gone', async () => {
    await generate(page, 'hold');
    await stage()
      .getByText(/Step 3 of 25/)
      .waitFor();
    const { redis } = service.producer;
    for (const kind of ['request', 'output']) await redis.del(await redis.keys(`{sdxl}:${kind}:*`));
    service.letGo();
    await stage().getByText('The server no longer has this request.').waitFor();
    await items().nth(1).locator('.open').click();
    assert.ok(
      await stage()
        .locator('img.picture')
        .evaluate((image: HTMLImageElement) => image.decode().then(() => true)),
    );
  });

  test('a comparison makes a grid of schedulers and steps with times', async () => {
    await open();
    await page.getByRole('tab', { name: 'Compare' }).click();
    for (const name of ['DPM Multi', 'Heun']) await page.getByRole('button', { name, exact: true }).click();
    await page.getByLabel('Numbers of steps').fill('20, 25');
    await page.getByText('Compare 6 pictures').waitFor();
    await generate(page, 'a red star');
    await page.locator('.cell', { hasText: '0.25 s' }).nth(5).waitFor();
    const rows = await page.locator('.comparison th[scope=row]').allTextContents();
    const columns = await page.locator('.comparison th[scope=col]').allTextContents();
    assert.deepEqual(
      [rows, columns],
      [
        ['Euler', 'UniPC', 'Heun'],
        ['20 steps', '25 steps'],
      ],
    );
    const asked = service.begun.slice(-6);
    assert.equal(new Set(asked.map(({ seed }) => seed)).size, 1);
    assert.equal(await items().count(), 1);
    await page.locator('.cell').nth(5).click();
    await page.getByText('Parameters').click();
    await page.locator('.details dd', { hasText: 'Heun' }).waitFor();
    await page.getByRole('link', { name: /lab’s charts/ }).waitFor();
  });

  test('200 requests: choosing another redraws two of them, and no more', async () => {
    await page.evaluate(fillHistory, 200);
    await page.reload();
    await items().nth(199).waitFor({ state: 'attached' });
    const redrawn = await page.evaluate(countRedrawn, 120);
    assert.deepEqual(redrawn, 2);
    assert.equal(await stage().locator('.caption').textContent(), 'a star of 120');
    await page.getByRole('button', { name: 'Delete all' }).click();
    await page.getByRole('button', { name: 'Really delete all?' }).click();
    await page.getByText('Requests of this browser will be listed here.').waitFor();
  });

  test('the page leaves nothing on the console, breaks no policy and asks no other host', () => {
    // Chromium itself puts the one 404 on the console.
    const others = troubles.filter((trouble) => !trouble.includes('status of 404'));
    assert.deepEqual(others, []);
  });
});

/** In the page: how many items of the history change when another one is chosen. */
async function countRedrawn(place: number): Promise<number> {
  const touched = new Set<Element>();
  const observer = new MutationObserver((records) => {
    for (const { target } of records) {
      const item = (target instanceof Element ? target : target.parentElement)?.closest('li');
      if (item) touched.add(item);
    }
  });
  const list = document.querySelector('.history ul')!;
  observer.observe(list, { subtree: true, childList: true, attributes: true, characterData: true });
  list.querySelectorAll<HTMLElement>('.open')[place]!.click();
  await new Promise((resolve) => setTimeout(resolve, 500));
  return touched.size;
}
