import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** What axe finds wrong that is serious or critical, as `rule: element`. @param rules all where undefined. */
export async function seriousFindings(page: Page, rules?: readonly string[]): Promise<string[]> {
  // Colours of a scheme that was just chosen are still on their way.
  await page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
  });
  // Through the debugger, because the page's policy takes no script from elsewhere.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    (only) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(
        only ? { runOnly: { type: 'rule', values: only } } : {},
      ),
    rules as string[] | undefined,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}
