/**
 * `node scripts/maintainers/page-pictures.ts`: docs/page.jpg and docs/page-note.jpg, the page of a fresh
 * start as a browser shows it, with pictures of the checkpoint that ships: its own examples, and a thing that
 * it has never seen. Needs Chromium.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { makeFolder, requireWritable } from '../../src/process/usable-path.ts';
import { noBrowser, openBrowser, watchedPage } from '../../src/testing/browser.ts';
import { shippedKnowledge } from '../cli/start/testing/shipped-knowledge.ts';
import { startServer } from '../cli/start/testing/started-server.ts';

const usage = 'node scripts/maintainers/page-pictures.ts [--out docs] [--examples N (default 7)]';
const viewport = { width: 1360, height: 860 };
const patienceMs = 300_000;

/** Writes both pictures; returns the prompt of the second. @throws Error where the page reports a fault. */
async function writePictures(files: readonly [string, string], count: number): Promise<string> {
  const { examples, stranger } = await shippedKnowledge();
  const [browser, server] = await Promise.all([openBrowser(), startServer()]);
  try {
    const { page, troubles } = await watchedPage(browser, server.url, { viewport });
    page.setDefaultTimeout(patienceMs);
    await page.goto(/^Open (http\S+#sign-in=\S+)$/m.exec(server.text)![1]!);
    let made = 0;
    const generate = async (prompt: string): Promise<void> => {
      await page.getByLabel('Prompt', { exact: true }).fill(prompt);
      await page.keyboard.press('Control+Enter');
      await page.locator('.history .thumbnail[src]').nth(made++).waitFor();
      await page.locator('#stage .outcome img.picture').waitFor();
    };
    const take = (file: string) => page.screenshot({ path: file, type: 'jpeg', quality: 88 });
    for (const example of examples.slice(0, count).toReversed()) await generate(example);
    await take(files[0]);
    await generate(`a ${stranger}`);
    await page.getByLabel('Notes on this picture').waitFor();
    await take(files[1]);
    if (troubles.length > 0) throw new Error(troubles.join('\n'));
    return `a ${stranger}`;
  } finally {
    await browser.close();
    await server.stop();
  }
}

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'docs' },
    examples: { type: 'string', default: '7' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(usage);
else if (noBrowser) {
  console.error(noBrowser);
  process.exitCode = 1;
} else {
  makeFolder('--out', values.out);
  const files = ['page.jpg', 'page-note.jpg'].map((name) => path.join(values.out, name));
  for (const file of files) requireWritable('--out', file);
  const prompt = await writePictures([files[0]!, files[1]!], Number(values.examples));
  console.log(`${files.join(', ')}: the second after "${prompt}"`);
}
