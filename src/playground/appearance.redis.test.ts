import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { noBrowser, openBrowser } from '../testing/browser.ts';
import { after, before } from '../testing/hooks.ts';
import { type PageService, plainPicture, startPageService } from './testing/page-service.ts';
import { seriousFindings } from './testing/serious-findings.ts';
import { generate, signedIn, stagePicture } from './testing/signed-in.ts';

/** Shows one thing of the page after the other. */
async function* views(page: Page): AsyncGenerator<string> {
  yield 'empty';
  await page.getByText('All 104').click();
  yield 'style gallery';
  await page.getByText('Fewer').click();
  await page.getByText('More settings').click();
  await page.getByText('All the words it knows').click();
  await page.getByLabel('Sampler').selectOption('dpmpp_2m');
  await page.getByLabel('Name of a LoRA').fill('ink');
  await page.keyboard.press('Enter');
  await page.getByLabel('Name of a LoRA').fill('nobody');
  await page.keyboard.press('Enter');
  await page.getByText('There is no LoRA').waitFor();
  await generate(page, 'a cat');
  await stagePicture(page);
  await page.getByText('Parameters').click();
  yield 'picture with a note, a sampler and LoRAs';
  await page.getByRole('button', { name: 'As code' }).click();
  yield 'code';
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('tab', { name: 'Image to image' }).click();
  const buffer = await plainPicture(9, 128);
  await page.locator('input[type=file]').setInputFiles({ name: 'a.jpg', mimeType: 'image/jpeg', buffer });
  await generate(page, 'a red star');
  await page.getByLabel('Before and after').waitFor();
  yield 'before and after';
  await page.getByRole('tab', { name: 'Compare' }).click();
  await generate(page, 'a red star');
  await page.locator('.cell', { hasText: '0.25 s' }).nth(5).waitFor();
  yield 'comparison';
  await generate(page, 'hold');
  await page
    .getByText(/Step 3 of 20/)
    .first()
    .waitFor();
  yield 'running';
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('API key').waitFor();
  yield 'sign-in';
}

describe('how the page looks', { skip: noBrowser }, () => {
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser.close());
  const withService = async (use: (service: PageService) => Promise<void>): Promise<void> => {
    const service = await startPageService();
    try {
      await use(service);
    } finally {
      await service.close();
    }
  };

  test('axe finds nothing serious in any view', () =>
    withService(async (service) => {
      const { page } = await signedIn(browser, service, { colorScheme: 'light' });
      for await (const view of views(page)) assert.deepEqual(await seriousFindings(page), [], view);
    }));

  test('in the dark every text still has contrast enough', () =>
    withService(async (service) => {
      const { page } = await signedIn(browser, service, { colorScheme: 'dark' });
      for await (const view of views(page))
        assert.deepEqual(await seriousFindings(page, ['color-contrast']), [], view);
    }));

  test('on a phone no view scrolls sideways, and everything can be reached', () =>
    withService(async (service) => {
      const viewport = { width: 360, height: 740 };
      const { page } = await signedIn(browser, service, { viewport, hasTouch: true, isMobile: true });
      for await (const view of views(page)) {
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= 360, `${view}: ${width}`);
      }
    }));

  test('the theme can be chosen and is kept', () =>
    withService(async (service) => {
      const { page } = await signedIn(browser, service, { colorScheme: 'light' });
      const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const light = await ground();
      await page.getByRole('button', { name: 'Theme: as the system' }).click();
      assert.equal(await ground(), light);
      await page.getByRole('button', { name: 'Theme: light' }).click();
      const dark = await ground();
      assert.notEqual(dark, light);
      await page.reload();
      await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
      assert.equal(await ground(), dark);
    }));

  test('styles are found by name and turned with arrow keys', () =>
    withService(async (service) => {
      const { page } = await signedIn(browser, service);
      const chosen = page.getByRole('radio', { checked: true });
      await page.getByRole('radio', { name: 'base', exact: true }).focus();
      await page.keyboard.press('ArrowRight');
      assert.equal(await chosen.getAttribute('data-style'), '3d-model');
      await page.keyboard.press('End');
      assert.equal(await chosen.getAttribute('data-style'), 'tilt-shift');
      await page.getByText('All 104').click();
      await page.getByLabel('Find a style').fill('papercut');
      assert.equal(await page.getByRole('radio').count(), 5);
      await page.getByRole('radio').first().focus();
      await page.keyboard.press('ArrowDown');
      assert.match((await chosen.getAttribute('data-style'))!, /papercut/);
    }));
});
