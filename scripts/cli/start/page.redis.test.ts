import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { noBrowser, openBrowser, type WatchedPage, watchedPage } from '../../../src/testing/browser.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { shippedModels } from './demo-models.ts';
import { shippedKnowledge } from './testing/shipped-knowledge.ts';
import { type StartedServer, startServer } from './testing/started-server.ts';

const skip =
  noBrowser || (existsSync(shippedModels) ? false : `there is no demo checkpoint in ${shippedModels}`);
const patience = { timeout: 300_000 };

describe('the page of a fresh npm start, opened by the link it prints', { skip }, () => {
  let server: StartedServer;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let watched: WatchedPage;
  before(async () => {
    [browser, server] = await Promise.all([openBrowser(), startServer()]);
    watched = await watchedPage(browser, server.url);
    watched.page.setDefaultTimeout(120_000);
    const link = /^Open (http\S+#sign-in=\S+)$/m.exec(server.text)![1]!;
    await watched.page.goto(link);
    await watched.page.waitForSelector('#request-form');
  }, patience);
  after(async () => {
    await browser.close();
    await server.stop();
  });

  test(
    'a first prompt of a thing it does not know makes a picture and says what this checkpoint draws',
    patience,
    async () => {
      const { page } = watched;
      const { name, note: knowledge, stranger } = await shippedKnowledge();
      await page.getByLabel('Prompt', { exact: true }).fill(`a ${stranger}`);
      await page.getByText(`${name} has never seen "${stranger}".`).waitFor();
      await page.keyboard.press('Control+Enter');
      await page
        .getByText(/^Step \d+ of 25/)
        .first()
        .waitFor();
      const note = page.getByLabel('Notes on this picture');
      await note.getByText(`has never seen "${stranger}"; ${knowledge}`).waitFor();
      await page.locator('#stage img.picture').waitFor();
      await note.getByRole('button').first().click();
      await page.keyboard.press('Control+Enter');
      await page.locator('.history .thumbnail[src]').nth(1).waitFor();
      assert.equal(await note.count(), 0);
    },
  );

  test('its picture becomes an input, and both are compared', patience, async () => {
    const { page } = watched;
    await page.getByRole('button', { name: 'Use as input picture' }).click();
    await page.getByLabel('Prompt', { exact: true }).fill('a large green heart on a white background');
    await page.keyboard.press('Control+Enter');
    await page.getByLabel('Before and after').waitFor();
    await page.getByText('Parameters').click();
    await page.locator('.details dd', { hasText: 'onnxruntime-node' }).waitFor();
    assert.deepEqual(watched.troubles, []);
  });
});
