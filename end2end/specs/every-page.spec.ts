// What must hold for every page, with JavaScript and without.
import { expect, test } from '../harness/test.ts';
import { pages, widths } from '../harness/pages.ts';

for (const { name, path } of pages) {
  test.describe(name, () => {
    test.use({ tolerated: name === 'not-found' ? /status of 404/ : /(?!)/ });

    test('fits every width', async ({ page, demo }) => {
      await page.goto(await path(demo));
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        const wider = await page.evaluate(() => ({
          page: document.documentElement.scrollWidth - document.documentElement.clientWidth,
          by: [...document.querySelectorAll('body *')]
            .filter((element) => element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
            .map((element) => element.outerHTML.slice(0, 120))
            .slice(0, 5),
        }));
        expect(wider.page, `the page is wider than ${width}, by ${wider.by.join(' ')}`).toBeLessThanOrEqual(0);
      }
    });

    test('has a title, one heading of the first rank, and landmarks', async ({ page, demo }) => {
      await page.goto(await path(demo));
      await expect(page).toHaveTitle(/Signalbox/);
      await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
      await expect(page.getByRole('main')).toHaveCount(1);
      await expect(page.getByRole('navigation', { name: 'Pages', exact: true })).toBeVisible();
    });
  });
}
