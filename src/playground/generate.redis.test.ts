import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import type { ImageToImageRequest } from '../contract/generation.ts';
import { noBrowser, openBrowser, type WatchedPage } from '../testing/browser.ts';
import { after, before } from '../testing/hooks.ts';
import { givePicture } from './testing/give-picture.ts';
import { type PageService, plainPicture, startPageService } from './testing/page-service.ts';
import { generate, signedIn, stagePicture } from './testing/signed-in.ts';

describe('making pictures', { skip: noBrowser }, () => {
  let browser: Browser;
  let service: PageService;
  let watched: WatchedPage;
  let page: Page;
  const folder = mkdtemp(path.join(os.tmpdir(), 'page-'));
  before(async () => {
    [browser, service] = await Promise.all([openBrowser(), startPageService()]);
    const permissions = ['clipboard-read', 'clipboard-write'];
    watched = await signedIn(browser, service, { permissions, acceptDownloads: true });
    page = watched.page;
  });
  after(async () => {
    await browser.close();
    await service.close();
    await rm(await folder, { recursive: true });
  });

  test('text to image shows place or step, a preview, and then the picture of the seed', async () => {
    await generate(page, 'hold');
    await page
      .getByText(/Step 3 of 25/)
      .first()
      .waitFor();
    await page.getByAltText('Preview of the picture on its way').waitFor();
    service.letGo();
    const { seed } = service.begun.at(-1)!;
    assert.deepEqual(await stagePicture(page), await plainPicture(seed));
    const download = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    assert.match((await download).suggestedFilename(), /-0\.jpg$/);
    await page.getByText('Parameters').click();
    for (const fact of [String(seed), 'none 1', `latents of ${seed}`, 'aa'])
      await page.locator('.details dd', { hasText: fact }).first().waitFor();
  });

  test('every field of the form reaches the worker, and "use these settings" brings them back', async () => {
    await page.getByLabel('Negative prompt').fill('blue');
    await page.locator('[data-style="anime"]').click();
    await page.getByLabel('Scheduler').selectOption('Euler a');
    for (const [label, value] of [
      ['Steps', '40'],
      ['Guidance', '6.5'],
      ['Seed', '77'],
      ['Pictures', '2'],
    ] as const) {
      await page.getByLabel(label).first().fill(value);
      await page.keyboard.press('Tab');
    }
    await page.getByRole('button', { name: '896 × 1152' }).click();
    await page.getByText('More settings').click();
    await page.getByLabel('Base model’s share').first().fill('0.7');
    await page.keyboard.press('Tab');
    await page.getByLabel('File format').selectOption('png');
    await page.getByLabel('Random numbers').selectOption('torch-cpu');
    await generate(page, 'a red star');
    await page.locator('.samples button').nth(1).click();
    const { warnings, ...asked } = service.begun.at(-1)!;
    assert.deepEqual(asked, {
      endpoint: 'sdxl-torch',
      prompt: 'a red star',
      negativePrompt: 'blue',
      style: 'anime',
      scheduler: 'Euler a',
      steps: 40,
      guidanceScale: 6.5,
      seed: 77,
      samples: 2,
      width: 896,
      height: 1152,
      highNoiseFraction: 0.7,
      refiner: true,
      outputFormat: 'png',
      rng: 'torch-cpu',
      strength: 0.2,
      base64: false,
    });
    await page.evaluate(() => localStorage.removeItem('sdxl-server.settings'));
    await page.reload();
    await page.getByRole('button', { name: 'Use these settings' }).click();
    await generate(page);
    await page.locator('.history .open').nth(2).waitFor();
    await page.locator('.samples button').nth(1).waitFor();
    assert.deepEqual({ ...service.begun.at(-1)!, warnings }, { ...asked, warnings });
  });

  test('image to image takes a file, a dropped and a pasted picture and an address, and compares before and after', async () => {
    await page.getByRole('tab', { name: 'Image to image' }).click();
    const buffer = await plainPicture(9, 128);
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'mine.jpg', mimeType: 'image/jpeg', buffer });
    await page.getByText('mine.jpg').waitFor();
    for (const way of ['drop', 'paste'] as const) {
      await page.getByRole('button', { name: 'Remove the picture' }).click();
      await givePicture(page, way, buffer.toString('base64'));
      await page.getByText(way === 'drop' ? 'dropped.jpg' : 'pasted.png').waitFor();
    }
    await page.getByLabel('Base model').selectOption('realvis');
    await page.getByLabel('Strength').first().fill('0.5');
    await page.keyboard.press('Tab');
    await generate(page, 'a blue circle');
    const slider = page.getByLabel('Before and after');
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    assert.equal(await slider.inputValue(), '51');
    const { baseModel, strength, prompt } = service.begun.at(-1)! as ImageToImageRequest;
    assert.deepEqual([prompt, baseModel, strength], ['a blue circle', 'realvis', 0.5]);
    assert.equal(service.inputs.length, 1);

    await page.getByLabel('Address of a picture').fill('https://pictures.example/a.jpg');
    await page.keyboard.press('Enter');
    await page.locator('.drop .name', { hasText: 'pictures.example' }).waitFor();
    await generate(page);
    await page.locator('.history li').nth(4).waitFor();
    await slider.waitFor();
    assert.equal(service.inputs.length, 2);
  });

  test('the request as curl, copied and pasted into a shell, makes the same picture', async () => {
    await page.getByRole('tab', { name: 'Text to image' }).click();
    await page.getByLabel('Pictures').first().fill('1');
    await page.getByText('More settings').click();
    await page.getByLabel('File format').selectOption('jpeg');
    await generate(page, `a "red" star's $HOME`);
    await page.locator('.caption', { hasText: '$HOME' }).waitFor();
    const shown = await stagePicture(page);
    await page.getByRole('button', { name: 'As code' }).click();
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const command = await page.evaluate(() => navigator.clipboard.readText());
    await promisify(execFile)('bash', ['-c', command], { cwd: await folder });
    assert.deepEqual(await readFile(path.join(await folder, 'picture.jpg')), shown);
    await page.getByLabel('with my key').uncheck();
    assert.equal((await page.locator('dialog pre').textContent())!.includes(service.key), false);
    await page.getByRole('button', { name: 'Close' }).click();
  });

  test('a prompt of words that the checkpoint has never seen gets a note with prompts it can draw', async () => {
    await generate(page, 'a cat');
    const note = page.getByLabel('Notes on this picture');
    await note.getByText('prompt: the small checkpoint has never seen "cat"; it draws shapes.').waitFor();
    await note.getByRole('button', { name: 'a blue circle' }).click();
    assert.equal(await page.getByLabel('Prompt', { exact: true }).inputValue(), 'a blue circle');
  });

  test('what the server refuses is told in its own words', async () => {
    await page.getByLabel('Prompt', { exact: true }).fill('red '.repeat(75 * 16 + 1));
    await page.keyboard.press('Control+Enter');
    await page.getByText(/^prompt: the prompt needs 17 chunks/).waitFor();
    await generate(page, '  ');
    await page.getByText('Write a prompt first.').waitFor();
  });

  test('model, sampler, schedule and LoRAs are chosen with the keyboard, sent, and brought back', async () => {
    await page.evaluate(() => localStorage.removeItem('sdxl-server.settings'));
    await page.reload();
    await page.getByLabel('Model', { exact: true }).selectOption('turbo');
    await page.getByText('Not loaded now').waitFor();
    assert.equal(await page.getByLabel('Steps').first().inputValue(), '4');
    await page.getByText('More settings').click();
    await page.getByLabel('Sampler').selectOption('dpmpp_2m');
    await page.getByLabel('Schedule', { exact: true }).selectOption('karras');
    assert.equal(
      await page.getByLabel('Scheduler').locator('option:checked').textContent(),
      'dpmpp_2m on karras',
    );
    const add = async (name: string): Promise<void> => {
      await page.getByLabel('Name of a LoRA').fill(name);
      await page.keyboard.press('Enter');
    };
    await add('INK');
    await add('styles/pixel');
    await page.getByLabel('Weight of ink').fill('0.6');
    await page.keyboard.press('Tab');
    await page.getByRole('button', { name: 'Remove styles/pixel' }).press('Enter');
    await page.getByLabel('Prompt', { exact: true }).fill('a star');
    await page.getByRole('button', { name: 'Add “ink drawing” to the prompt' }).click();
    const begun = async (before: number): Promise<void> => {
      while (service.begun.length === before) await new Promise((resolve) => setTimeout(resolve, 20));
    };
    const earlier = service.begun.length;
    await generate(page);
    await page.locator('.caption', { hasText: 'ink drawing' }).waitFor();
    await begun(earlier);
    const own = (request = service.begun.at(-1)!) =>
      request.endpoint === 'sdxl-torch' && [
        ...[request.prompt, request.model, request.scheduler, request.loras, request.steps],
        ...[request.guidanceScale, request.refiner, request.width],
      ];
    const expected = [
      ...['a star, ink drawing', 'turbo', 'dpmpp_2m karras', [{ name: 'ink', weight: 0.6 }], 4],
      ...[1, false, 512],
    ];
    assert.deepEqual(own(), expected);
    await page.getByText('Parameters').click();
    await page.locator('.details dd', { hasText: 'ink 0.6' }).waitFor();
    await page.getByLabel('Scheduler').selectOption('LMS');
    await page.getByRole('button', { name: 'Remove ink' }).click();
    await page.getByRole('button', { name: 'Use these settings' }).click();
    const before = service.begun.length;
    await generate(page);
    await begun(before);
    assert.deepEqual(own(), expected);
  });

  test('clip skip, a step cache and embeddings are chosen with the keyboard, and sent', async () => {
    await page.evaluate(() => localStorage.removeItem('sdxl-server.settings'));
    await page.reload();
    await page.getByText('More settings').click();
    await page.getByLabel('Step cache').selectOption('spectrum');
    // Heun asks the network twice in a step: a cache would be refused.
    await page.getByLabel('Scheduler').selectOption('Heun');
    assert.equal(await page.getByLabel('Step cache').count(), 0);
    await page.getByLabel('Scheduler').selectOption('UniPC');
    assert.equal(await page.getByLabel('Step cache').inputValue(), 'spectrum');
    await page.getByLabel('Clip skip').first().fill('2');
    const find = page.getByLabel('Name of an embedding');
    await find.fill('nobody');
    await find.press('Enter');
    await page.getByText('There is no embedding “nobody” here.').waitFor();
    await page.getByLabel('Prompt', { exact: true }).fill('a star');
    await find.fill('Styles/Fresco');
    await find.press('Enter');
    await find.fill('ugly');
    await page.getByRole('button', { name: 'Negative', exact: true }).press('Enter');
    const before = service.begun.length;
    await generate(page);
    while (service.begun.length === before) await new Promise((resolve) => setTimeout(resolve, 20));
    const { prompt, negativePrompt, clipSkip, stepCache, embeddings } = service.begun.at(-1)!;
    assert.deepEqual(
      [prompt, negativePrompt, clipSkip, stepCache?.name],
      ['a star, styles/fresco', 'ugly', 2, 'spectrum'],
    );
    const named = [
      { name: 'styles/fresco', tokens: 2 },
      { name: 'ugly', tokens: 8 },
    ];
    assert.deepEqual(
      embeddings?.toSorted((one, other) => (one.name < other.name ? -1 : 1)),
      named,
    );
  });

  test('the page leaves nothing on the console, breaks no policy and asks no other host', () => {
    const others = watched.troubles.filter((trouble) => !trouble.includes('status of 400'));
    assert.deepEqual(others, []);
  });
});
