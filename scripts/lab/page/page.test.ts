import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { noBrowser, openBrowser } from '../../../src/testing/browser.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { buildReport, type Report } from '../report/report.ts';
import { createTestLab } from '../testing/lab.ts';
import { pageOf } from './page.ts';
import { pagePictures } from './page-pictures.ts';

const lab = createTestLab();
const file = path.join(lab.dataDir, 'report.html');
const prompts = [...lab.options.prompts, 'a blue circle'];
let report: Report;
let html: string;

before(async () => {
  const results = await lab.run({ prompts });
  const options = { ...lab.options, prompts };
  report = buildReport(options, results, new Date('2026-01-01T00:00:00Z'));
  html = pageOf(report, await pagePictures(options, results, 500_000));
  writeFileSync(file, html);
});
after(() => lab.close());

test('the page holds everything itself, and text of a prompt is text in it', () => {
  assert.doesNotMatch(html.replaceAll(/<script.*?<\/script>/gs, ''), /(src|href)="(?!#)/);
  assert.doesNotMatch(html, /<b>red/);
  assert.match(html, /default-src 'none'/);
  assert.equal(html.match(/<\/script>/g)?.length, 10);
});

test('charts and pictures come before any sentence about them', () => {
  const places = ['calls-title', 'time-title', 'pictures-title', 'found', 'table-title', 'how'].map((id) =>
    html.indexOf(`id="${id}"`),
  );
  assert.ok(places.every((place) => place > 0));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
});

test('pictures are made to fit, and where they cannot the flag that helps is named', async () => {
  const options = { ...lab.options, prompts };
  const results = await lab.run({ prompts });
  const large = await pagePictures(options, results, 1e6);
  const bytes = ({ files }: { files: readonly string[] }) => files.join('').length;
  const room = Math.floor(0.9 * bytes(large));
  const small = await pagePictures(options, results, room);
  assert.ok(bytes(small) < room && small.side < large.side, `${bytes(small)} ${bytes(large)}`);
  assert.equal(small.files.length, large.files.length);
  await assert.rejects(
    pagePictures(options, results, 3000),
    /--page-mb: \d+ pictures do not fit into 0\.0 MB/,
  );
});

test('in a browser every chart, picture and number is there, can be chosen, sorted and looked at, without a request', {
  skip: noBrowser,
}, async (context) => {
  const browser = await openBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const troubles: string[] = [];
    page.on('console', (message) => {
      // Chromium's advice on how this test reads the charts.
      if (!message.text().includes('willReadFrequently')) troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) troubles.push(request.url());
    });
    await page.goto(`file://${file}`);
    await context.test('both charts are drawn, with a legend of slopes and a list of the front', () =>
      charts(page),
    );
    await context.test('the table sorts by each column both ways', () => sorting(page));
    await context.test('the seed and the prompt switch the pictures', () => pictures(page));
    await context.test('a picture opens with its neighbours on the arrow keys', () => zoom(page));
    await context.test('the filters and the testbed reach charts, pictures and table', () => filters(page));
    assert.deepEqual(troubles, []);
  } finally {
    await browser.close();
  }
});

/** Pixels of a chart that are not of its ground. */
function inked(page: Page, chart: string): Promise<number> {
  return page.locator(`${chart} canvas`).evaluate((node) => {
    const canvas = node as unknown as {
      width: number;
      height: number;
      getContext(kind: '2d'): { getImageData(...area: number[]): { data: Uint8ClampedArray } };
    };
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i]! > 0) count++;
    return count;
  });
}

async function charts(page: Page): Promise<void> {
  await page.locator('#calls-plot canvas').waitFor();
  assert.ok((await inked(page, '#calls-plot')) > 2000);
  assert.ok((await inked(page, '#time-plot')) > 2000);
  // Three names have an error here; the alias has no line of its own.
  assert.equal(await page.locator('#legend li').count(), 3);
  assert.ok((await page.locator('#front li').count()) >= 1);
  const before = await inked(page, '#calls-plot');
  await page.getByRole('button', { name: 'none' }).click();
  assert.match((await page.locator('#calls-plot').textContent()) ?? '', /Nothing to draw/);
  await page.getByRole('button', { name: 'all', exact: true }).click();
  assert.equal(await inked(page, '#calls-plot'), before);
  await page.locator('#legend input').first().uncheck();
  assert.ok((await inked(page, '#calls-plot')) < before);
  await page.locator('#legend input').first().check();
  assert.ok((await page.locator('.findings li').count()) >= 5);
}

async function sorting(page: Page): Promise<void> {
  const header = page.locator('#table th', { hasText: 'total' });
  const column = (await page.locator('#table thead th').allTextContents()).findIndex((text) =>
    /total/.test(text),
  );
  const values = async () => {
    const rows = await page.locator('#table tbody tr').all();
    const texts = await Promise.all(rows.map((row) => row.locator('th, td').nth(column).textContent()));
    return texts.map((text) => Number(text!.replaceAll(',', '')));
  };
  await header.getByRole('button').click();
  assert.equal(await header.getAttribute('aria-sort'), 'ascending');
  const rising = await values();
  assert.equal(rising.length, 5);
  assert.deepEqual(
    rising,
    rising.toSorted((a, b) => a - b),
  );
  await header.getByRole('button').press('Enter');
  assert.equal(await header.getAttribute('aria-sort'), 'descending');
  assert.deepEqual(await values(), rising.toReversed());
  await page.locator('#table-steps').selectOption('all');
  assert.equal(await page.locator('#table tbody tr').count(), 15);
}

async function pictures(page: Page): Promise<void> {
  // Five names by three numbers of steps and the converged one.
  assert.equal(await page.locator('#grid img').count(), 20);
  const source = () => page.locator('#grid img').first().getAttribute('src');
  const first = await source();
  assert.match(first!, /^data:image\/webp;base64,/);
  assert.ok(
    await page
      .locator('#grid img')
      .first()
      .evaluate((node) => (node as unknown as { naturalWidth: number }).naturalWidth > 0),
  );
  await page.locator('#seeds input[value="2"]').check({ force: true });
  const second = await source();
  assert.notEqual(second, first);
  await page.locator('#prompt').selectOption('1');
  assert.notEqual(await source(), second);
  await page.locator('#prompt').selectOption('0');
  await page.locator('#seeds input[value="1"]').check({ force: true });
  assert.equal(await source(), first);
}

async function zoom(page: Page): Promise<void> {
  await page.locator('#grid button').first().click();
  const title = () => page.locator('#closely-title').textContent();
  assert.match((await title())!, /^Euler, 4 steps, seed 1$|^Euler \(sdxl-torch\), 4 steps, seed 1$/);
  assert.match(
    (await page.locator('#close-main figcaption').textContent())!,
    /4 model calls, .* latent error \d/,
  );
  await page.keyboard.press('ArrowRight');
  assert.match((await title())!, /6 steps/);
  await page.keyboard.press('ArrowDown');
  assert.match((await title())!, /UniPC/);
  assert.ok(await page.locator('#close-other img').isVisible());
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('dialog[open]').count(), 0);
}

async function filters(page: Page): Promise<void> {
  await page.locator('#text').fill('karras');
  assert.equal(await page.locator('#legend li').count(), 1);
  assert.equal(await page.locator('#grid tbody tr').count(), 1);
  assert.equal(await page.locator('#table tbody tr').count(), 3);
  await page.locator('#text').fill('');
  await page.locator('#measure').selectOption('distance');
  assert.equal(await page.locator('#legend li').count(), 4);
  await page.locator('#testbed').selectOption('mixture');
  assert.match((await page.locator('#table-count').textContent())!, /15 rows, exact mixture/);
  const theme = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
  const light = await theme();
  await page.locator('#theme').click();
  assert.notEqual(await theme(), light);
}
