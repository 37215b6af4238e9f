// What axe objects to, on every page in both themes: as the server rendered it, and once the browser has taken over.
// axe is a script itself, so "as rendered" is a page whose own script is kept away rather than one without JavaScript.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test, type Page } from '../harness/test.ts';
import { pages, themes } from '../harness/pages.ts';

const states = [
  { state: 'as rendered', before: (page: Page) => page.route('**/pkg/*.js*', (route) => route.abort()), tolerated: /ERR_FAILED|preload|status of 404/ },
  { state: 'live', before: async () => {}, tolerated: /status of 404/ },
];

for (const { state, before, tolerated } of states) {
  for (const { name, path } of pages) {
    test.describe(`${name}, ${state}`, () => {
      test.use({ tolerated });

      for (const theme of themes) {
        test(`has nothing that axe objects to, ${theme}`, async ({ page, demo }) => {
          await before(page);
          await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
          await page.goto(await path(demo));
          await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
          if (state === 'live') await expect(page.getByRole('status').filter({ hasText: 'live' })).toBeVisible();
          const { violations } = await new AxeBuilder({ page }).analyze();
          const found = violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map(({ target }) => target.join(' ')) }));
          expect(found).toEqual([]);
        });
      }
    });
  }
}

test.describe('the login page', () => {
  test.use({ signedIn: false });

  for (const theme of themes) {
    test(`has nothing that axe objects to, ${theme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.goto('/');
      await expect(page.getByRole('heading', { level: 1, name: 'Sign in' })).toBeVisible();
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, help }) => ({ id, help }))).toEqual([]);
    });
  }
});
