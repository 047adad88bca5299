import { noBrowser, openBrowser } from '../../testing/browser.ts';
import { fillHistory } from './fill-history.ts';
import { type PageService, startPageService } from './page-service.ts';
import { signedIn } from './signed-in.ts';

/**
 * `node src/playground/testing/measure-page.ts`: what the first load of the page at `/` transfers and how
 * long it takes, and how its frames come while one scrolls and chooses in a history of 200 requests. In
 * headless Chromium, with the gateway in this process.
 */

const loads = 7;
const requests = 200;

if (noBrowser) {
  console.error(noBrowser);
  process.exit(1);
}
const [browser, service] = await Promise.all([openBrowser(), startPageService()]);

/**
 * A browser that has never been here: bytes received, and milliseconds from the address to a form to write
 * in.
 */
async function firstLoad({ base }: PageService): Promise<{ bytes: number; files: number; ms: number }> {
  const { page } = await signedIn(browser, service);
  await page.goto('about:blank');
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.clearBrowserCache');
  let [bytes, files] = [0, 0];
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
    files += 1;
  });
  const started = performance.now();
  await page.goto(base);
  await page.waitForSelector('#request-form');
  const ms = performance.now() - started;
  await page.waitForLoadState('networkidle');
  await page.context().close();
  return { bytes, files, ms };
}

/**
 * In the page: milliseconds between frames while the list is scrolled from end to end and requests are
 * chosen.
 */
async function frames(): Promise<number[]> {
  const panel = document.querySelector<HTMLElement>('.history')!;
  const items = [...panel.querySelectorAll<HTMLElement>('.open')];
  const times: number[] = [];
  const steps = 120;
  for (let step = 0; step <= steps; step++) {
    panel.scrollTop = (panel.scrollHeight * step) / steps;
    if (step % 10 === 0) items[Math.floor((step / steps) * (items.length - 1))]!.click();
    times.push(await new Promise<number>((resolve) => requestAnimationFrame(resolve)));
  }
  return times.slice(1).map((time, index) => time - times[index]!);
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * (values.length - 1))]!;
}

try {
  const measured = [];
  for (let load = 0; load < loads; load++) measured.push(await firstLoad(service));
  const times = measured.map(({ ms }) => ms);
  const { bytes, files } = measured.at(-1)!;
  console.log(`first load: ${(bytes / 1000).toFixed(1)} kB in ${files} answers, headers included`);
  console.log(`to a form to write in: median ${percentile(times, 0.5).toFixed(0)} ms of ${loads}`);

  const { page } = await signedIn(browser, service);
  await page.evaluate(fillHistory, requests);
  const started = performance.now();
  await page.reload();
  await page
    .locator('.history li')
    .nth(requests - 1)
    .waitFor({ state: 'attached' });
  console.log(
    `${requests} requests in the history: shown after ${(performance.now() - started).toFixed(0)} ms`,
  );
  // On a busy machine frames wait for a core; what the page itself computes does not depend on that.
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const computed = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')!.value * 1000;
  };
  const before = await computed();
  const between = await page.evaluate(frames);
  const perFrame = ((await computed()) - before) / between.length;
  const [p50, p99] = [percentile(between, 0.5), percentile(between, 0.99)].map((ms) => ms.toFixed(1));
  console.log(
    `frames while scrolling and choosing: p50 ${p50} ms, p99 ${p99} ms, of which the page computes ${perFrame.toFixed(1)} ms`,
  );
} finally {
  await browser.close();
  await service.close();
}
